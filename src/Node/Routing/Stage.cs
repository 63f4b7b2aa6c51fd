using Swarm.Inference.Model;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Routing;

/// <summary>One node's part of a route.</summary>
/// <param name="Node">Who computes.</param>
/// <param name="Name">What people call it; may be empty.</param>
/// <param name="Addresses">Where it can be dialled.</param>
/// <param name="Blocks">Which blocks it computes on this route; its span may be longer.</param>
public sealed record Stage(NodeId Node, string Name, IReadOnlyList<PeerAddress> Addresses, BlockRange Blocks)
{
    /// <summary>Its name or, without one, the end of its PeerId.</summary>
    public string Label => Name.Length > 0 ? Name : Node.Brief;

    /// <summary>For people: <c>name[0:6]</c>.</summary>
    public override string ToString() => $"{Label}[{Blocks}]";
}
