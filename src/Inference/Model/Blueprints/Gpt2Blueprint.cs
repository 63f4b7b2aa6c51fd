namespace Swarm.Inference.Model.Blueprints;

/// <summary>GPT-2: layer norm, learned positions, queries, keys and values from one matrix, GELU, biases.</summary>
internal static class Gpt2Blueprint
{
    /// <summary>Reads the blueprint.</summary>
    public static ModelConfig Read(HyperParameters keys)
    {
        int width = Blueprint.Width(keys);
        int heads = keys.Size("attention.head_count", GgufLimits.WidthMax);
        int headSize = Blueprint.HeadSize(keys, "attention.key_length", width, heads);

        if (headSize * (long)heads != width)
        {
            throw keys.Wrong("attention.head_count", $"{heads} heads of {headSize} are not {width} wide.");
        }

        var layer = new LayerSpec
        {
            HeadCount = heads,
            KvHeadCount = Blueprint.KvHeads(
                keys, heads, keys.OptionalSize("attention.head_count_kv", GgufLimits.WidthMax) ?? heads),
            KeySize = headSize,
            ValueSize = headSize,
            FeedForwardSize = keys.Size("feed_forward_length", GgufLimits.WidthMax),
            FusedQkv = true,
            FeedForward = FeedForwardKind.Gelu,
            Rope = RopeSpec.None,
            Biases = BiasKinds.All,
        };

        LayerSpec[] layers = [.. Enumerable.Repeat(layer, Blueprint.BlockCount(keys))];
        return Blueprint.Config(keys, layers, NormKind.Layer) with { HasPositionEmbedding = true };
    }
}
