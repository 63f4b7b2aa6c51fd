namespace Swarm.Inference.Model.Blueprints;

/// <summary>What architectures read in the same way; each of them changes what it has of its own.</summary>
internal static class Blueprint
{
    private const string Embedding = "token_embd.weight";

    /// <summary>How many blocks the model computes; blocks that only guess further tokens are left out.</summary>
    public static int BlockCount(HyperParameters keys)
    {
        int all = keys.Size("block_count", GgufLimits.BlocksMax);
        int guessing = keys.Count("nextn_predict_layers", GgufLimits.BlocksMax);

        return guessing < all
            ? all - guessing
            : throw keys.Wrong("nextn_predict_layers", $"{guessing} of {all} blocks leave none.");
    }

    /// <summary>Values of a hidden state.</summary>
    public static int Width(HyperParameters keys) => keys.Size("embedding_length", GgufLimits.WidthMax);

    /// <summary>The blueprint around its blocks, without learned positions.</summary>
    public static ModelConfig Config(
        HyperParameters keys, IReadOnlyList<LayerSpec> layers, NormKind norm = NormKind.Rms)
    {
        string epsilon = norm == NormKind.Rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";

        return new ModelConfig
        {
            Architecture = keys.Architecture,
            Name = ModelName(keys),
            Width = Width(keys),
            VocabularySize = VocabularySize(keys),
            ContextLength = keys.Size("context_length", GgufLimits.ContextMax),
            HasPositionEmbedding = false,
            Norm = norm,
            NormEpsilon = keys.Positive(epsilon, null),
            TiedOutput = keys.File.Find("output.weight") is null,
            Layers = layers,
        };
    }

    /// <summary>Blocks as Llama has them: three matrices, grouped queries, turned by position, SwiGLU.</summary>
    public static LayerSpec[] Layers(HyperParameters keys, RopeKind kind)
    {
        int blocks = BlockCount(keys);
        int width = Width(keys);
        int[] heads = keys.Sizes("attention.head_count", GgufLimits.WidthMax, blocks);
        int[] kvHeads = keys.OptionalSizes("attention.head_count_kv", GgufLimits.WidthMax, blocks, 0) ?? heads;
        int[] feedForward = keys.Sizes("feed_forward_length", GgufLimits.WidthMax, blocks);
        int keySize = HeadSize(keys, "attention.key_length", width, heads[0]);
        int valueSize = HeadSize(keys, "attention.value_length", width, heads[0]);
        RopeSpec rope = RopeReader.Read(keys, kind, keySize);
        float scale = keys.NotNegative("attention.scale", 0);

        return
        [
            .. Enumerable.Range(0, blocks).Select(block => new LayerSpec
            {
                HeadCount = heads[block],
                KvHeadCount = KvHeads(keys, heads[block], kvHeads[block]),
                KeySize = keySize,
                ValueSize = valueSize,
                FeedForwardSize = feedForward[block],
                FusedQkv = false,
                FeedForward = FeedForwardKind.SwiGlu,
                Rope = rope,
                Scale = scale > 0 ? scale : null,
            }),
        ];
    }

    /// <summary>The size of a head: written down, or the width shared among the heads.</summary>
    public static int HeadSize(HyperParameters keys, string key, int width, int heads)
    {
        if (keys.OptionalSize(key, GgufLimits.WidthMax) is { } size)
        {
            return size;
        }

        return width % heads == 0
            ? width / heads
            : throw keys.Wrong("attention.head_count", $"{heads} heads do not divide a width of {width}.");
    }

    /// <summary>
    /// Heads of keys and values, which must divide the heads that ask; 0 where there is no attention.
    /// </summary>
    public static int KvHeads(HyperParameters keys, int heads, int kvHeads)
        => kvHeads == 0 || heads % kvHeads == 0
            ? kvHeads
            : throw keys.Wrong("attention.head_count_kv", $"{kvHeads} key heads do not divide {heads} heads.");

    /// <summary>The same blocks, each of which must have attention.</summary>
    public static LayerSpec[] RequireAttention(HyperParameters keys, LayerSpec[] layers)
        => Array.TrueForAll(layers, layer => layer.KvHeadCount > 0)
            ? layers
            : throw keys.Wrong("attention.head_count_kv", "0 key heads: every block of this architecture has some.");

    private static string ModelName(HyperParameters keys)
    {
        string? name = keys.File.Metadata.Text("general.name");
        return string.IsNullOrWhiteSpace(name) ? keys.Architecture : name;
    }

    // The tensor decides, for some files do not hold the number.
    private static int VocabularySize(HyperParameters keys)
    {
        GgufTensor tensor = keys.File.Find(Embedding)
            ?? throw new GgufException(Embedding, "the file does not hold this tensor; it is a vocabulary or damaged.");

        return tensor.Rows <= GgufLimits.VocabularyMax
            ? (int)tensor.Rows
            : throw new GgufException(Embedding, $"{tensor.Rows} tokens; {GgufLimits.VocabularyMax:N0} are the most.");
    }
}
