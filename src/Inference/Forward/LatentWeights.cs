using Swarm.Inference.Kernels;

namespace Swarm.Inference.Forward;

/// <summary>The matrices of latent attention.</summary>
/// <param name="QueryDown">Gives the row that queries come from; null when they come from the input.</param>
/// <param name="QueryNorm">Brings that row to unit size.</param>
/// <param name="Queries">Gives the queries of all heads: what is not turned, then what is.</param>
/// <param name="Shared">Gives the row that stands for keys and values, then what of the key is turned.</param>
/// <param name="SharedNorm">Brings that row to unit size.</param>
/// <param name="KeyUps">Of each head: takes a query's plain part to where the shared rows are.</param>
/// <param name="ValueUps">Of each head: takes a mixture of shared rows to a value.</param>
internal sealed record LatentWeights(
    Projection? QueryDown,
    NormWeights? QueryNorm,
    Projection Queries,
    Projection Shared,
    NormWeights SharedNorm,
    Projection[] KeyUps,
    Projection[] ValueUps);
