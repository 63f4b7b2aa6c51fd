using Swarm.Inference.Model;

namespace Swarm.Node.Serving;

/// <summary>One session's consecutive positions in a batch.</summary>
/// <param name="Cache">The session's cache; positions it holds are recomputed without writing.</param>
/// <param name="Blocks">Which blocks compute.</param>
/// <param name="Position">Of the first token; at most the cache's length.</param>
/// <param name="Tokens">The ids at these positions.</param>
/// <param name="Rows">Their hidden states, in and out; only out when the slice starts at block 0.</param>
public sealed record BlockSlice(
    IBlockCache Cache,
    BlockRange Blocks,
    int Position,
    ReadOnlyMemory<int> Tokens,
    Memory<float> Rows);
