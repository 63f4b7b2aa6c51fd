namespace Swarm.Inference.Forward;

/// <summary>The norms of experts that stand beside a feed-forward part.</summary>
/// <param name="Router">Before the router.</param>
/// <param name="Experts">Before the experts.</param>
/// <param name="Mixture">After the experts.</param>
/// <param name="FeedForward">After the feed-forward part.</param>
internal sealed record BesideNorms(
    NormWeights Router, NormWeights Experts, NormWeights Mixture, NormWeights FeedForward);
