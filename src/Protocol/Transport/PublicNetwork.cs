using System.Net;
using System.Net.Sockets;

namespace Swarm.Protocol.Transport;

/// <summary>Which addresses the open internet can lead to.</summary>
public static class PublicNetwork
{
    // IANA's special-purpose registries: what is not globally reachable, multicast and the reserved class included.
    private static readonly IPNetwork[] Reserved =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
            "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    // All that has been given out; documentation lies within it.
    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Documentation6 = IPNetwork.Parse("2001:db8::/32");

    /// <summary>Whether an address is one of the open internet, also an IPv4 address in IPv6 form.</summary>
    public static bool Contains(IPAddress address)
    {
        address = ReachableAddresses.Plain(address);

        return address.AddressFamily == AddressFamily.InterNetwork
            ? !Reserved.Any(network => network.Contains(address))
            : Global6.Contains(address) && !Documentation6.Contains(address);
    }
}
