using Swarm.Protocol.Identity;

namespace Swarm.Node.Routing;

/// <summary>How long a token should take on a route, as far as is known.</summary>
/// <param name="TokenMs">From one token to the next, in milliseconds.</param>
/// <param name="Stages">What of it each stage computes.</param>
public sealed record RoutePace(double TokenMs, IReadOnlyList<RoutePace.Part> Stages)
{
    /// <summary>A stage's part.</summary>
    /// <param name="Node">Who computes.</param>
    /// <param name="Blocks">How many blocks.</param>
    /// <param name="ClaimedMs">How long it says that it takes for each, in milliseconds.</param>
    /// <param name="BlockMs">How long it is believed to take.</param>
    public readonly record struct Part(NodeId Node, int Blocks, double ClaimedMs, double BlockMs);
}
