using Swarm.Inference.Kernels;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>A router and its experts.</summary>
/// <param name="Router">Gives a logit per expert; always of floats.</param>
/// <param name="SelectionBias">Added to choose, where the model has it.</param>
/// <param name="Experts">The matrices of each.</param>
internal sealed record ExpertWeights(
    Projection Router, NativeBuffer? SelectionBias, FeedForwardWeights[] Experts)
{
    /// <summary>A number of each expert that multiplies its weight, where the model has them.</summary>
    public NativeBuffer? Scales { get; init; }

    /// <summary>What only experts beside a feed-forward part have; null for others.</summary>
    public BesideNorms? Norms { get; init; }
}
