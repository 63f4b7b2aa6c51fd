using Swarm.Inference.Model;

namespace Swarm.Inference.Forward;

/// <summary>
/// One session's part of a batch: consecutive positions through consecutive blocks. Positions that the cache already
/// holds are recomputed without writing; the rest is appended.
/// </summary>
public sealed class StepSlice
{
    /// <summary>The session's cache; it holds at least the blocks of this slice.</summary>
    public required KvCache Cache { get; init; }

    /// <summary>The blocks to compute, in the cache and in the span. Only whole caches are appended to.</summary>
    public required BlockRange Blocks { get; set; }

    /// <summary>The first position; at most the cache's length.</summary>
    public required int Position { get; set; }

    /// <summary>
    /// The token of each position. Read where the slice starts at block 0, and everywhere by models whose blocks have
    /// an input of the token itself; elsewhere it may be empty.
    /// </summary>
    public required ReadOnlyMemory<int> Tokens { get; set; }

    /// <summary>The hidden states, position after position: in and out, or only out from block 0.</summary>
    public required Memory<float> Rows { get; set; }

    /// <summary>
    /// Why this slice failed, after a run; its cache and rows are then as before, or further by whole chunks.
    /// </summary>
    public NotFiniteException? Fault { get; internal set; }
}
