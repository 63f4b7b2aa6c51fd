namespace Swarm.Inference.Model;

/// <summary>
/// Multi-head latent attention: all heads share one small row per position, which stands for keys and values alike;
/// what would expand it is folded into queries and results.
/// </summary>
/// <param name="QueryRank">Width of the row that queries come from; 0 when they come from the input.</param>
/// <param name="Rank">Width of the shared row.</param>
/// <param name="PlainSize">Elements of a query that positions do not turn.</param>
/// <param name="ValueSize">Values of one head's result.</param>
public sealed record LatentSpec(int QueryRank, int Rank, int PlainSize, int ValueSize);
