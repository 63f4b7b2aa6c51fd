namespace Swarm.Inference.Model.Blueprints;

/// <summary>
/// Gemma 4: local and global blocks with heads of their own sizes, late blocks that read the keys and values of earlier
/// ones, an input of the token itself to every block, experts beside the feed-forward part.
/// </summary>
internal static class Gemma4Blueprint
{
    /// <summary>Reads the blueprint.</summary>
    public static ModelConfig Read(HyperParameters keys)
    {
        LayerSpec[] layers = Blueprint.RequireAttention(keys, Blueprint.Layers(keys, RopeKind.Neox));
        bool[] local = keys.OptionalPattern("attention.sliding_window_pattern", layers.Length)
            ?? throw keys.Wrong("attention.sliding_window_pattern", "the file does not hold this key.");
        int window = keys.Size("attention.sliding_window", GgufLimits.ContextMax);
        int keySize = keys.Size("attention.key_length_swa", GgufLimits.WidthMax);
        int valueSize = keys.Size("attention.value_length_swa", GgufLimits.WidthMax);
        int tokenInput = keys.Count("embedding_length_per_layer_input", GgufLimits.WidthMax);
        int shared = keys.Count("attention.shared_kv_layers", layers.Length - 1);
        var rope = new RopeSpec(
            RopeKind.Neox,
            RopeReader.Dimensions(keys, "rope.dimension_count_swa", keySize),
            keys.Positive("rope.freq_base_swa", 10_000),
            1,
            false);

        for (int i = 0; i < layers.Length; i++)
        {
            LayerSpec layer = local[i]
                ? layers[i] with { KeySize = keySize, ValueSize = valueSize, Window = window, Rope = rope }
                : layers[i];

            layers[i] = layer with
            {
                Scale = 1,
                HasQkNorm = true,
                HasValueNorm = true,
                HasPostNorms = true,
                HasOutputScale = true,
                FeedForward = FeedForwardKind.GeGlu,
                TokenInputSize = tokenInput,
                ValueIsKey = keys.File.Find($"blk.{i}.attn_v.weight") is null,
                KvSource = i < layers.Length - shared ? null : Source(keys, local, layers.Length - shared, i),
                Experts = Experts(keys, i),
            };
        }

        return Blueprint.Config(keys, layers) with
        {
            EmbeddingScale = MathF.Sqrt(Blueprint.Width(keys)),
            LogitSoftcap = keys.NotNegative("final_logit_softcapping", 0),
        };
    }

    // The last block of the same kind that has keys and values of its own.
    private static int Source(HyperParameters keys, bool[] local, int own, int block)
        => Array.LastIndexOf(local, local[block], own - 1) is var source && source >= 0
            ? source
            : throw keys.Wrong("attention.shared_kv_layers", $"block {block} finds no keys and values to share.");

    private static ExpertSpec? Experts(HyperParameters keys, int block)
        => keys.File.Find($"blk.{block}.ffn_gate_inp.weight") is null
            ? null
            : ExpertReader.Require(keys) with
            {
                Size = keys.Size("expert_feed_forward_length", GgufLimits.WidthMax),
                Renormalizes = true,
                IsBeside = true,
                FusedGate = keys.File.Find($"blk.{block}.ffn_gate_up_exps.weight") is not null,
            };
}
