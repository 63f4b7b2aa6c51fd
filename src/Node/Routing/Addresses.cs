using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Routing;

/// <summary>Addresses between their wire form and the form that is dialled.</summary>
public static class Addresses
{
    // A node has a few interfaces and a mapped port; a longer list is somebody's scan.
    private const int CountMax = 8;

    /// <summary>The addresses that can be dialled, each of which must answer as <paramref name="node"/>.</summary>
    public static IReadOnlyList<PeerAddress> Read(IEnumerable<Address> addresses, NodeId node)
        => [.. addresses.Take(CountMax).Select(address => PeerAddress.Read(address, node)).OfType<PeerAddress>()];

    /// <summary>The wire form.</summary>
    public static IEnumerable<Address> Write(IEnumerable<PeerAddress> addresses)
        => addresses.Take(CountMax).Select(address => address.ToMessage());
}
