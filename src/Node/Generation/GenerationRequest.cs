using Swarm.Protocol.Messages;

namespace Swarm.Node.Generation;

/// <summary>Everything the tokens of a generation depend on, and nothing else.</summary>
public sealed record GenerationRequest
{
    /// <summary>The manifest hash of the model, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Model { get; init; }

    /// <summary>How many blocks the model has.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Whether the model may be cut before a block.</summary>
    public Func<int, bool> MayCutBefore { get; init; } = _ => true;

    /// <summary>How many token ids the model knows.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The longest sequence the model takes.</summary>
    public required int ContextLength { get; init; }

    /// <summary>The prompt's ids, at least one.</summary>
    public required IReadOnlyList<int> Prompt { get; init; }

    /// <summary>The most tokens to draw; the model's context may end the generation earlier.</summary>
    public required int TokensMax { get; init; }

    /// <summary>How logits become a token. Its stop ids and maximum are filled in from this request.</summary>
    public required Sampling Sampling { get; init; }

    /// <summary>The generation ends after any of these ids.</summary>
    public IReadOnlySet<int> StopIds { get; init; } = new HashSet<int>();

    /// <summary>How keys and values are kept.</summary>
    public KvType Kv { get; init; } = KvType.F16;

    /// <summary>The ids of the longest sequence this request can grow to.</summary>
    public int PositionsMax => (int)Math.Min(ContextLength, (long)Prompt.Count + TokensMax);
}
