namespace Swarm.Inference.Model;

/// <summary>GPT-2: layer norm, learned positions, queries, keys and values from one matrix, GELU, biases.</summary>
internal static class Gpt2Architecture
{
    /// <summary>Reads the blueprint.</summary>
    public static ModelConfig Read(HyperParameters keys)
    {
        int blocks = keys.Size("block_count", GgufLimits.BlocksMax);
        int width = keys.Size("embedding_length", GgufLimits.WidthMax);
        int heads = keys.Size("attention.head_count", GgufLimits.WidthMax);
        int headSize = ConfigRules.HeadSize(keys, "attention.key_length", width, heads);

        if (headSize * (long)heads != width)
        {
            throw new GgufException(
                keys.Key("attention.head_count"), $"{heads} heads of {headSize} are not {width} wide.");
        }

        var layer = new LayerSpec
        {
            HeadCount = heads,
            KvHeadCount = ConfigRules.KvHeads(
                keys, heads, keys.OptionalSize("attention.head_count_kv", GgufLimits.WidthMax) ?? heads),
            KeySize = headSize,
            ValueSize = headSize,
            FeedForwardSize = keys.Size("feed_forward_length", GgufLimits.WidthMax),
            FusedQkv = true,
            FeedForward = FeedForwardKind.Gelu,
            Rope = RopeSpec.None,
        };

        return new ModelConfig
        {
            Architecture = keys.Architecture,
            Name = ConfigRules.ModelName(keys),
            Width = width,
            VocabularySize = ConfigRules.VocabularySize(keys),
            ContextLength = keys.Size("context_length", GgufLimits.ContextMax),
            HasPositionEmbedding = true,
            Norm = NormKind.Layer,
            NormEpsilon = keys.Positive("attention.layer_norm_epsilon", null),
            TiedOutput = keys.File.Find("output.weight") is null,
            Layers = [.. Enumerable.Repeat(layer, blocks)],
        };
    }

    /// <summary>The tensors the blueprint needs.</summary>
    public static IEnumerable<TensorSlot> Slots(ModelConfig config)
    {
        long width = config.Width;
        yield return new("token_embd.weight", [width, config.VocabularySize], TensorPlace.Embedding);
        yield return new("position_embd.weight", [width, config.ContextLength], TensorPlace.Embedding);

        for (int block = 0; block < config.BlockCount; block++)
        {
            LayerSpec layer = config.Layers[block];
            long fused = ((long)layer.HeadCount + (2L * layer.KvHeadCount)) * layer.KeySize;

            foreach ((string name, long[] dimensions) in Shapes(width, fused, layer.FeedForwardSize))
            {
                yield return new($"blk.{block}.{name}", dimensions, TensorPlace.Block, block);
            }
        }

        yield return new("output_norm.weight", [width], TensorPlace.Head);
        yield return new("output_norm.bias", [width], TensorPlace.Head);
        yield return new(ConfigRules.OutputName(config), [width, config.VocabularySize], TensorPlace.Head);
    }

    private static (string Name, long[] Dimensions)[] Shapes(long width, long fused, long inner) =>
    [
        ("attn_norm.weight", [width]),
        ("attn_norm.bias", [width]),
        ("attn_qkv.weight", [width, fused]),
        ("attn_qkv.bias", [fused]),
        ("attn_output.weight", [width, width]),
        ("attn_output.bias", [width]),
        ("ffn_norm.weight", [width]),
        ("ffn_norm.bias", [width]),
        ("ffn_up.weight", [width, inner]),
        ("ffn_up.bias", [inner]),
        ("ffn_down.weight", [inner, width]),
        ("ffn_down.bias", [width]),
    ];
}
