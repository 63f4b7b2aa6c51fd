namespace Swarm.Inference.Model.Blueprints;

/// <summary>
/// Gemma 2 and 3: norms before and after, blocks that see a window between blocks that see everything.
/// </summary>
internal static class GemmaBlueprint
{
    // The two largest share the width among their heads before they take the root.
    private const int Gemma2LargestBlocks = 46;
    private const int Gemma3LargestBlocks = 62;

    private const float LocalBase = 10_000;

    /// <summary>Gemma 2: every other block sees a window; scores and logits are kept within bounds.</summary>
    public static ModelConfig Read2(HyperParameters keys)
    {
        const int WindowDefault = 4096;
        LayerSpec[] layers = Layers(keys, Gemma2LargestBlocks);
        bool[] local = keys.OptionalPattern("attention.sliding_window_pattern", layers.Length)
            ?? HyperParameters.Pattern(2, layers.Length);
        int window = keys.OptionalSize("attention.sliding_window", GgufLimits.ContextMax) ?? WindowDefault;
        float softcap = keys.NotNegative("attn_logit_softcapping", 50);

        return Config(
            keys,
            [.. layers.Select((layer, i) => layer with { Window = local[i] ? window : 0, Softcap = softcap })],
            softcap: 30);
    }

    /// <summary>Gemma 3: five blocks of six see a window and turn by a base of their own.</summary>
    public static ModelConfig Read3(HyperParameters keys)
    {
        LayerSpec[] layers = Layers(keys, Gemma3LargestBlocks);
        int window = keys.Count("attention.sliding_window", GgufLimits.ContextMax);
        bool[] local = keys.OptionalPattern("attention.sliding_window_pattern", layers.Length)
            ?? HyperParameters.Pattern(6, layers.Length);
        float localBase = keys.Positive("rope.freq_base_swa", LocalBase);

        return Config(
            keys,
            [
                .. layers.Select((layer, i) => layer with
                {
                    HasQkNorm = true,
                    Window = local[i] ? window : 0,
                    Rope = local[i] && window > 0 ? Local(layer.Rope, localBase) : layer.Rope,
                }),
            ],
            softcap: 0);
    }

    /// <summary>The same turning by another base, with nothing scaled.</summary>
    private static RopeSpec Local(RopeSpec rope, float frequencyBase)
        => new(rope.Kind, rope.Dimensions, frequencyBase, 1, false);

    private static LayerSpec[] Layers(HyperParameters keys, int largestBlocks)
    {
        LayerSpec[] layers = Blueprint.RequireAttention(keys, Blueprint.Layers(keys, RopeKind.Neox));
        float? scale = layers.Length == largestBlocks
            ? 1 / MathF.Sqrt(Blueprint.Width(keys) / layers[0].HeadCount)
            : null;

        return
        [
            .. layers.Select(layer => layer with
            {
                HasPostNorms = true,
                FeedForward = FeedForwardKind.GeGlu,
                Scale = scale,
            }),
        ];
    }

    private static ModelConfig Config(HyperParameters keys, LayerSpec[] layers, float softcap)
        => Blueprint.Config(keys, layers) with
        {
            EmbeddingScale = MathF.Sqrt(Blueprint.Width(keys)),
            LogitSoftcap = keys.NotNegative("final_logit_softcapping", softcap),
        };
}
