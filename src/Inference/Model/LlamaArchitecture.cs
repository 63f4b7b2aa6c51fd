namespace Swarm.Inference.Model;

/// <summary>Llama and all that is built like it: RMS norm, rotary positions, grouped queries, SwiGLU.</summary>
internal static class LlamaArchitecture
{
    /// <summary>Reads the blueprint.</summary>
    public static ModelConfig Read(HyperParameters keys)
    {
        RefuseWhatIsNotComputed(keys);
        int blocks = keys.Size("block_count", GgufLimits.BlocksMax);
        int width = keys.Size("embedding_length", GgufLimits.WidthMax);
        int[] heads = keys.OptionalSizes("attention.head_count", GgufLimits.WidthMax, blocks)
            ?? throw new GgufException(keys.Key("attention.head_count"), "the file does not hold this key.");
        int[] kvHeads = keys.OptionalSizes("attention.head_count_kv", GgufLimits.WidthMax, blocks) ?? heads;
        int[] feedForward = keys.OptionalSizes("feed_forward_length", GgufLimits.WidthMax, blocks)
            ?? throw new GgufException(keys.Key("feed_forward_length"), "the file does not hold this key.");
        int keySize = ConfigRules.HeadSize(keys, "attention.key_length", width, heads[0]);
        int valueSize = ConfigRules.HeadSize(keys, "attention.value_length", width, heads[0]);
        RopeSpec rope = ReadRope(keys, keySize);

        return new ModelConfig
        {
            Architecture = keys.Architecture,
            Name = ConfigRules.ModelName(keys),
            Width = width,
            VocabularySize = ConfigRules.VocabularySize(keys),
            ContextLength = keys.Size("context_length", GgufLimits.ContextMax),
            HasPositionEmbedding = false,
            Norm = NormKind.Rms,
            NormEpsilon = keys.Positive("attention.layer_norm_rms_epsilon", null),
            TiedOutput = keys.File.Find("output.weight") is null,
            Layers =
            [
                .. Enumerable.Range(0, blocks).Select(block => new LayerSpec
                {
                    HeadCount = heads[block],
                    KvHeadCount = ConfigRules.KvHeads(keys, heads[block], kvHeads[block]),
                    KeySize = keySize,
                    ValueSize = valueSize,
                    FeedForwardSize = feedForward[block],
                    FusedQkv = false,
                    FeedForward = FeedForwardKind.SwiGlu,
                    Rope = rope,
                }),
            ],
        };
    }

    /// <summary>The tensors the blueprint needs.</summary>
    public static IEnumerable<TensorSlot> Slots(ModelConfig config)
    {
        long width = config.Width;
        yield return new("token_embd.weight", [width, config.VocabularySize], TensorPlace.Embedding);

        if (config.Layers[0].Rope.HasFactors)
        {
            yield return new("rope_freqs.weight", [config.Layers[0].Rope.Dimensions / 2], TensorPlace.Everywhere);
        }

        for (int block = 0; block < config.BlockCount; block++)
        {
            foreach (TensorSlot slot in BlockSlots(config.Layers[block], width, block))
            {
                yield return slot;
            }
        }

        yield return new("output_norm.weight", [width], TensorPlace.Head);
        yield return new(ConfigRules.OutputName(config), [width, config.VocabularySize], TensorPlace.Head);
    }

    private static IEnumerable<TensorSlot> BlockSlots(LayerSpec layer, long width, int block)
    {
        long queries = (long)layer.HeadCount * layer.KeySize;
        long keys = (long)layer.KvHeadCount * layer.KeySize;
        long values = (long)layer.KvHeadCount * layer.ValueSize;
        long mixed = (long)layer.HeadCount * layer.ValueSize;

        IEnumerable<TensorSlot> Matrix(string name, long inputs, long outputs) =>
        [
            Slot($"{name}.weight", [inputs, outputs], optional: false),
            Slot($"{name}.bias", [outputs], optional: true),
        ];

        TensorSlot Slot(string name, long[] dimensions, bool optional)
            => new($"blk.{block}.{name}", dimensions, TensorPlace.Block, block, optional);

        return
        [
            Slot("attn_norm.weight", [width], optional: false),
            .. Matrix("attn_q", width, queries),
            .. Matrix("attn_k", width, keys),
            .. Matrix("attn_v", width, values),
            .. Matrix("attn_output", mixed, width),
            Slot("ffn_norm.weight", [width], optional: false),
            .. Matrix("ffn_gate", width, layer.FeedForwardSize),
            .. Matrix("ffn_up", width, layer.FeedForwardSize),
            .. Matrix("ffn_down", layer.FeedForwardSize, width),
        ];
    }

    private static RopeSpec ReadRope(HyperParameters keys, int keySize)
    {
        int dimensions = keys.OptionalSize("rope.dimension_count", keySize) ?? keySize;

        if (dimensions % 2 != 0)
        {
            throw new GgufException(keys.Key("rope.dimension_count"), $"{dimensions} is odd; pairs are turned.");
        }

        string scaling = keys.Text("rope.scaling.type") ?? "linear";
        float factor = 1;

        if (scaling == "linear")
        {
            string key = keys.Contains("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
            factor = keys.Factor(key);
        }
        else if (scaling != "none")
        {
            throw new UnsupportedModelException(
                keys.Key("rope.scaling.type"), $"'{scaling}' is not supported; supported are none, linear.");
        }

        return new RopeSpec(
            RopeKind.Norm,
            dimensions,
            keys.Positive("rope.freq_base", 10_000),
            1 / factor,
            keys.File.Find("rope_freqs.weight") is not null);
    }

    private static void RefuseWhatIsNotComputed(HyperParameters keys)
    {
        string experts = keys.Key("expert_count");

        if (keys.File.Metadata.Whole(experts) is > 0)
        {
            throw new UnsupportedModelException(experts, "mixtures of experts are not supported yet.");
        }
    }
}
