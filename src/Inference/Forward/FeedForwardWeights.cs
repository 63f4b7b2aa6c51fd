using Swarm.Inference.Kernels;

namespace Swarm.Inference.Forward;

/// <summary>The matrices of a feed-forward part, or of one expert.</summary>
/// <param name="Gate">Gives the gate; null where there is none, or where <paramref name="Up"/> gives both.</param>
/// <param name="Up">Gives what the gate multiplies, after the gate where it gives both.</param>
/// <param name="Down">Brings the product back to the width of the model.</param>
internal sealed record FeedForwardWeights(Projection? Gate, Projection Up, Projection Down);
