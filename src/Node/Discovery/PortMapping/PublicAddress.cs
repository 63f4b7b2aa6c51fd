using System.Net;
using System.Net.Sockets;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Discovery.PortMapping;

/// <summary>Which IPv4 addresses the open internet can lead to.</summary>
internal static class PublicAddress
{
    /// <summary>Whether a mapping to this address ends at the internet, not behind another gateway.</summary>
    public static bool Is(IPAddress address)
        => address.AddressFamily == AddressFamily.InterNetwork && PublicNetwork.Contains(address);

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
