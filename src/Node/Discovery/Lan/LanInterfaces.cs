using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Swarm.Node.Discovery.Lan;

/// <summary>Which of a device's interfaces lead to neighbours.</summary>
internal static class LanInterfaces
{
    // Networks inside this device, and tunnels out of it: no neighbour is there.
    private static readonly string[] Inner =
    [
        "docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "cni", "flannel", "tun", "tap", "wg", "utun", "tailscale",
        "zt", "awdl", "llw",
    ];

    /// <summary>Those to announce and look on.</summary>
    /// <param name="listen">Where this node listens; an address of an interface is wish enough for that one.</param>
    public static IReadOnlyList<LanInterface> Find(IPAddress listen)
    {
        bool isAny = listen.Equals(IPAddress.Any) || listen.Equals(IPAddress.IPv6Any);

        return
        [
            .. NetworkInterface.GetAllNetworkInterfaces()
                .Where(CanMulticast)
                .Select(Read)
                .OfType<LanInterface>()
                .Where(at => isAny ? !IsInner(at.Name) : at.Networks.Any(network => network.Address.Equals(listen)))
                .Take(LanLimits.InterfacesMax),
        ];
    }

    private static bool CanMulticast(NetworkInterface network)
        => network.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown
            && network.SupportsMulticast
            && network.NetworkInterfaceType is not (NetworkInterfaceType.Loopback or NetworkInterfaceType.Ppp
                or NetworkInterfaceType.Tunnel);

    private static bool IsInner(string name)
        => Inner.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    private static LanInterface? Read(NetworkInterface network)
    {
        try
        {
            IPInterfaceProperties properties = network.GetIPProperties();
            (IPAddress, int)[] networks = [.. properties.UnicastAddresses
                .Where(unicast => unicast.Address.AddressFamily
                    is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
                .Select(unicast => (unicast.Address, unicast.PrefixLength))];
            bool is4 = networks.Any(one => one.Item1.AddressFamily == AddressFamily.InterNetwork);

            return networks.Length > 0
                ? new LanInterface(
                    is4 ? properties.GetIPv4Properties().Index : properties.GetIPv6Properties().Index,
                    network.Name,
                    networks)
                : null;
        }
        catch (NetworkInformationException)
        {
            // It went while it was looked at.
            return null;
        }
    }
}
