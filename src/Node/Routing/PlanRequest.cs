using Swarm.Inference.Model;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Routing;

/// <summary>What a route is wanted for.</summary>
public sealed record PlanRequest
{
    /// <summary>The blocks of the model.</summary>
    public required int BlockCount { get; init; }

    /// <summary>Ids that are known already: a stage without their keys and values must compute them first.</summary>
    public required int Positions { get; init; }

    /// <summary>Positions a stage must reserve.</summary>
    public required int PositionsMax { get; init; }

    /// <summary>Peers that hold the session's keys and values, and for which blocks; empty for a new session.</summary>
    public IReadOnlyDictionary<NodeId, BlockRange> Kept { get; init; } = new Dictionary<NodeId, BlockRange>();

    /// <summary>Whether a peer may be used at all.</summary>
    public Func<NodeId, bool> IsUsable { get; init; } = _ => true;

    /// <summary>The measured one-way delay from the origin to a peer in ms, or null when never measured.</summary>
    public Func<NodeId, double?> OriginDelayMs { get; init; } = _ => null;

    /// <summary>What a peer was found to take for a block, in ms: a claim of less is not believed.</summary>
    public Func<NodeId, double> FoundBlockMs { get; init; } = _ => 0;

    /// <summary>Whether the model may be cut before a block.</summary>
    public Func<int, bool> MayCutBefore { get; init; } = _ => true;

    /// <summary>Only nodes with these numerics compute the same bits.</summary>
    public required uint Numerics { get; init; }
}
