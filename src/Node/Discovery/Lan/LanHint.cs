using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Discovery.Lan;

/// <summary>
/// What somebody on the local network claims of a node: worth a dial, and nothing more. Who answers there proves itself
/// as at any other address.
/// </summary>
/// <param name="Instance">The name of the announcement.</param>
/// <param name="Node">The node it names.</param>
/// <param name="Swarm">The swarm it names.</param>
/// <param name="Addresses">Where to dial, best first; each demands that <paramref name="Node"/> answers.</param>
internal sealed record LanHint(string Instance, NodeId Node, SwarmId Swarm, IReadOnlyList<PeerAddress> Addresses);
