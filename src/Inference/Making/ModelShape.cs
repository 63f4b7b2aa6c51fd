using Swarm.Inference.Model;

namespace Swarm.Inference.Making;

/// <summary>The sizes of a model to be made of random weights.</summary>
public sealed record ModelShape
{
    /// <summary>What the model is called.</summary>
    public required string Name { get; init; }

    /// <summary><c>llama</c>, <c>qwen3</c> or <c>gpt2</c>.</summary>
    public string Architecture { get; init; } = "llama";

    /// <summary>How many blocks.</summary>
    public int Blocks { get; init; } = 6;

    /// <summary>Values of a hidden state.</summary>
    public int Width { get; init; } = 64;

    /// <summary>Heads that ask.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Heads that hold keys and values.</summary>
    public int KvHeads { get; init; } = 2;

    /// <summary>Values of a query or key; the width shared among the heads unless said otherwise.</summary>
    public int HeadSize
    {
        get => field > 0 ? field : Width / Heads;
        init;
    }

    /// <summary>Width of the feed-forward part.</summary>
    public int FeedForward { get; init; } = 128;

    /// <summary>Tokens; at least 260.</summary>
    public int Vocabulary { get; init; } = 320;

    /// <summary>Positions.</summary>
    public int Context { get; init; } = 512;

    /// <summary>Whether the head uses the token embedding.</summary>
    public bool Tied { get; init; } = true;

    /// <summary>Base of the rotary angles.</summary>
    public float RopeBase { get; init; } = 10_000;

    /// <summary>How far Llama 3 stretches low frequencies; 1 for not at all.</summary>
    public float RopeStretch { get; init; } = 1;

    /// <summary>Llama-3.2-1B in every size.</summary>
    public static ModelShape Llama32_1B { get; } = new()
    {
        Name = "llama-3.2-1b",
        Blocks = 16,
        Width = 2048,
        Heads = 32,
        KvHeads = 8,
        FeedForward = 8192,
        Vocabulary = 128_256,
        Context = 131_072,
        RopeBase = 500_000,
        RopeStretch = 32,
    };

    /// <summary>Llama-3.1-8B in every size.</summary>
    public static ModelShape Llama31_8B { get; } = Llama32_1B with
    {
        Name = "llama-3.1-8b",
        Blocks = 32,
        Width = 4096,
        FeedForward = 14_336,
        Tied = false,
        RopeStretch = 8,
    };

    /// <summary>SmolLM2 of 135 million parameters: rows that are no multiple of 256.</summary>
    public static ModelShape SmolLm2_135M { get; } = new()
    {
        Name = "smollm2-135m",
        Blocks = 30,
        Width = 576,
        Heads = 9,
        KvHeads = 3,
        FeedForward = 1536,
        Vocabulary = 49_152,
        Context = 8192,
        RopeBase = 100_000,
    };

    /// <summary>Qwen3-0.6B in every size: heads wider than their share.</summary>
    public static ModelShape Qwen3_06B { get; } = new()
    {
        Name = "qwen3-0.6b",
        Architecture = "qwen3",
        Blocks = 28,
        Width = 1024,
        Heads = 16,
        KvHeads = 8,
        HeadSize = 128,
        FeedForward = 3072,
        Vocabulary = 151_936,
        Context = 40_960,
        RopeBase = 1_000_000,
    };

    /// <summary>GPT-2 of 124 million parameters.</summary>
    public static ModelShape Gpt2 { get; } = Gpt2Of("gpt2", blocks: 12, width: 768);

    /// <summary>GPT-2 of 355 million parameters.</summary>
    public static ModelShape Gpt2Medium { get; } = Gpt2Of("gpt2-medium", blocks: 24, width: 1024);

    /// <summary>GPT-2 of 774 million parameters.</summary>
    public static ModelShape Gpt2Large { get; } = Gpt2Of("gpt2-large", blocks: 36, width: 1280);

    /// <summary>GPT-2 of 1.5 billion parameters.</summary>
    public static ModelShape Gpt2Xl { get; } = Gpt2Of("gpt2-xl", blocks: 48, width: 1600);

    /// <summary>A model for tests: a few hundred kilobytes.</summary>
    public static ModelShape Tiny { get; } = new() { Name = "tiny" };

    /// <summary>A GPT-2 for tests.</summary>
    public static ModelShape TinyGpt2 { get; } = new()
    {
        Name = "tiny-gpt2",
        Architecture = "gpt2",
        KvHeads = 4,
        FeedForward = 256,
    };

    /// <summary>A Qwen3 for tests.</summary>
    public static ModelShape TinyQwen3 { get; } = new()
    {
        Name = "tiny-qwen3",
        Architecture = "qwen3",
        HeadSize = 32,
    };

    /// <summary>Every shape that has a name.</summary>
    public static IReadOnlyList<ModelShape> All { get; } =
    [
        Llama32_1B, Llama31_8B, SmolLm2_135M, Qwen3_06B, Gpt2, Gpt2Medium, Gpt2Large, Gpt2Xl,
        Tiny, TinyGpt2, TinyQwen3,
    ];

    /// <summary>The blueprint of these sizes.</summary>
    internal ModelConfig ToConfig()
    {
        bool gpt2 = Architecture == "gpt2";
        bool qwen3 = Architecture == "qwen3";
        RopeKind rope = qwen3 ? RopeKind.Neox : RopeKind.Norm;

        var layer = new LayerSpec
        {
            HeadCount = Heads,
            KvHeadCount = KvHeads,
            KeySize = HeadSize,
            ValueSize = HeadSize,
            FeedForwardSize = FeedForward,
            FusedQkv = gpt2,
            Biases = gpt2 ? BiasKinds.All : BiasKinds.None,
            FeedForward = gpt2 ? FeedForwardKind.Gelu : FeedForwardKind.SwiGlu,
            Rope = gpt2 ? RopeSpec.None : new RopeSpec(rope, HeadSize, RopeBase, 1, RopeStretch > 1),
            HasQkNorm = qwen3,
        };

        return new ModelConfig
        {
            Architecture = Architecture,
            Name = Name,
            Width = Width,
            VocabularySize = Vocabulary,
            ContextLength = Context,
            HasPositionEmbedding = gpt2,
            Norm = gpt2 ? NormKind.Layer : NormKind.Rms,
            NormEpsilon = 1e-5f,
            TiedOutput = Tied,
            Layers = [.. Enumerable.Repeat(layer, Blocks)],
        };
    }

    private static ModelShape Gpt2Of(string name, int blocks, int width) => new()
    {
        Name = name,
        Architecture = "gpt2",
        Blocks = blocks,
        Width = width,
        Heads = width / 64,
        KvHeads = width / 64,
        FeedForward = 4 * width,
        Vocabulary = 50_257,
        Context = 1024,
    };
}
