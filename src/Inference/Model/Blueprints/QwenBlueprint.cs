namespace Swarm.Inference.Model.Blueprints;

/// <summary>Qwen 2 and 3.</summary>
internal static class QwenBlueprint
{
    /// <summary>Qwen 2 and 2.5: queries, keys and values have biases.</summary>
    public static ModelConfig Read2(HyperParameters keys)
        => Blueprint.Config(keys, [.. Layers(keys).Select(layer => layer with { Biases = BiasKinds.Qkv })]);

    /// <summary>Qwen 3: queries and keys are brought to unit size.</summary>
    public static ModelConfig Read3(HyperParameters keys) => Blueprint.Config(keys, Layers3(keys));

    /// <summary>Qwen 3 with experts.</summary>
    public static ModelConfig Read3WithExperts(HyperParameters keys)
    {
        ExpertSpec experts = ExpertReader.Require(keys) with { Renormalizes = true };
        return Blueprint.Config(
            keys,
            [.. Layers3(keys).Select(layer => layer with
            {
                FeedForwardSize = 0,
                Experts = experts.OrSize(layer.FeedForwardSize),
            })]);
    }

    private static LayerSpec[] Layers3(HyperParameters keys)
        => [.. Layers(keys).Select(layer => layer with { HasQkNorm = true })];

    private static LayerSpec[] Layers(HyperParameters keys)
        => Blueprint.RequireAttention(keys, Blueprint.Layers(keys, RopeKind.Neox));
}
