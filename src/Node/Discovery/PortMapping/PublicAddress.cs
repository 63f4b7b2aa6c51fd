using System.Net;
using System.Net.Sockets;

namespace Swarm.Node.Discovery.PortMapping;

/// <summary>Which IPv4 addresses the open internet can lead to.</summary>
internal static class PublicAddress
{
    // IANA's special-purpose registry: what is not globally reachable, multicast and the reserved class included.
    private static readonly IPNetwork[] Reserved =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
            "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>Whether a mapping to this address ends at the internet, not behind another gateway.</summary>
    public static bool Is(IPAddress address)
        => address.AddressFamily == AddressFamily.InterNetwork && !Reserved.Any(network => network.Contains(address));

    /// <summary>Refuses a gateway's external address that is none.</summary>
    /// <exception cref="GatewayException">A mapping there would end behind another gateway.</exception>
    public static void Require(IPAddress address)
    {
        if (!Is(address))
        {
            throw new GatewayException(
                GatewayFault.DoubleNat,
                $"The gateway's own address, {address}, is not public: there is another gateway before it, or it has "
                    + "no connection.");
        }
    }
}
