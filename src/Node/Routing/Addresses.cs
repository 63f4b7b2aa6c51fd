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
        => [.. addresses
            .Where(address => address.Port is >= 1 and <= 65535 && address.Host.Length is > 0 and <= 253)
            .Take(CountMax)
            .Select(address => new PeerAddress(address.Host, (int)address.Port, node))];

    /// <summary>The wire form.</summary>
    public static IEnumerable<Address> Write(IEnumerable<PeerAddress> addresses)
        => addresses.Take(CountMax).Select(address => new Address { Host = address.Host, Port = (uint)address.Port });
}
