using Swarm.Inference.Model;

namespace Swarm.Node.Routing;

/// <summary>No route can carry the generation, and nothing more is tried.</summary>
/// <param name="message">What happened, for people: names the blocks and the peers.</param>
/// <param name="missing">Blocks that nobody serves.</param>
/// <param name="tried">Peers that were tried and why each was given up.</param>
public sealed class RouteException(
    string message,
    IReadOnlyList<BlockRange> missing,
    IReadOnlyList<string> tried) : Exception(message)
{
    /// <summary>The blocks nobody (usable) serves; empty when it was something else.</summary>
    public IReadOnlyList<BlockRange> Missing { get; } = missing;

    /// <summary>One line per peer that was given up during this generation.</summary>
    public IReadOnlyList<string> Tried { get; } = tried;
}
