namespace Swarm.Inference.Model.Blueprints;

/// <summary>gpt-oss: experts everywhere, a window in every other block, a sink in every head, biases.</summary>
internal static class GptOssBlueprint
{
    /// <summary>Reads the blueprint.</summary>
    public static ModelConfig Read(HyperParameters keys)
    {
        LayerSpec[] layers = Blueprint.RequireAttention(keys, Blueprint.Layers(keys, RopeKind.Neox));
        int window = keys.Size("attention.sliding_window", GgufLimits.ContextMax);
        bool[] local = keys.OptionalPattern("attention.sliding_window_pattern", layers.Length)
            ?? HyperParameters.Pattern(2, layers.Length);
        ExpertSpec experts = ExpertReader.Require(keys) with { Gating = ExpertGating.SoftmaxOfChosen };

        return Blueprint.Config(
            keys,
            [
                .. layers.Select((layer, i) => layer with
                {
                    Window = local[i] ? window : 0,
                    HasSinks = true,
                    Biases = BiasKinds.All,
                    FeedForwardNorm = "post_attention_norm",
                    FeedForward = FeedForwardKind.ClampedSwiGlu,
                    FeedForwardSize = 0,
                    Experts = experts.OrSize(layer.FeedForwardSize),
                }),
            ]);
    }
}
