using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Membership;

/// <summary>One link of the node of this device.</summary>
/// <param name="Node">Who is at the other end.</param>
/// <param name="Name">What people call it; may be empty.</param>
/// <param name="Way">How it came through.</param>
/// <param name="Relay">Who carries it; null where nobody does.</param>
/// <param name="SeenAt">Where the other end is seen; null where nobody can tell.</param>
/// <param name="Outside">
/// Where the other end says that it sees this node's own port; null where the link comes from another one.
/// </param>
/// <param name="RoundTripMs">The round trip in milliseconds; 0 when it was never measured.</param>
internal sealed record NodeLink(
    NodeId Node,
    string Name,
    LinkWay Way,
    NodeId? Relay,
    PeerAddress? SeenAt,
    PeerAddress? Outside,
    double RoundTripMs);
