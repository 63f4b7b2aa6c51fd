using Swarm.Inference.Forward;
using Swarm.Inference.Sampling;

namespace Swarm.Inference.Generation;

/// <summary>What a generation is besides its model and its prompt.</summary>
public sealed record GeneratorOptions
{
    /// <summary>How a token is chosen.</summary>
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>How many tokens at most.</summary>
    public int TokensMax { get; init; } = 128;

    /// <summary>
    /// How many positions the session may reach; null for the prompt and <see cref="TokensMax"/>. Some models turn
    /// longer sessions by other angles.
    /// </summary>
    public int? ContextLength { get; init; }

    /// <summary>Tokens that end the text.</summary>
    public IReadOnlySet<int> EndIds { get; init; } = new HashSet<int>();

    /// <summary>How keys and values are kept.</summary>
    public KvCacheType CacheType { get; init; } = KvCacheType.F16;

    /// <summary>How many prompt positions are computed at once; changes no token.</summary>
    public int ChunkLength { get; init; } = 256;
}
