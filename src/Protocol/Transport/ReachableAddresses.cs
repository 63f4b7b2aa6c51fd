using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>At which of a device's addresses others can dial a node that listens.</summary>
internal static class ReachableAddresses
{
    /// <summary>What the device's network interfaces have now.</summary>
    internal static IEnumerable<IPAddress> OfThisDevice()
        => NetworkInterface.GetAllNetworkInterfaces()
            .Where(network => network.OperationalStatus == OperationalStatus.Up)
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address);

    /// <summary>What to announce: the listener's own address, or, where it listens at any, the device's.</summary>
    /// <remarks>
    /// Loopback only when there is nothing else: elsewhere it would lead others to themselves. No IPv6 link-local
    /// address either: it means nothing without the interface, whose number differs on every device.
    /// </remarks>
    internal static IReadOnlyList<string> Of(IPAddress listener, IEnumerable<IPAddress> device)
    {
        bool isAny6 = listener.Equals(IPAddress.IPv6Any);

        if (!isAny6 && !listener.Equals(IPAddress.Any))
        {
            return [listener.ToString()];
        }

        string[] reachable =
        [
            .. device
                .Where(ip => !IPAddress.IsLoopback(ip) && !ip.IsIPv6LinkLocal && !ip.IsIPv6Multicast)
                .Where(ip => isAny6 || ip.AddressFamily == AddressFamily.InterNetwork)
                .OrderBy(IsSelfAssigned)
                .Select(ip => ip.ToString())
                .Distinct()
                .Take(WireLimits.AddressesMax),
        ];

        return reachable.Length > 0 ? reachable : [IPAddress.Loopback.ToString()];
    }

    /// <summary>An address without the disguise that an IPv4 address wears on a socket of both families.</summary>
    internal static IPAddress Plain(IPAddress ip) => ip.IsIPv4MappedToIPv6 ? ip.MapToIPv4() : ip;

    /// <summary>A node's own addresses and those elsewhere that lead to it, as many as others accept.</summary>
    /// <remarks>Its own first one stays first, for neighbours; who reads a few still sees those elsewhere.</remarks>
    internal static IReadOnlyList<PeerAddress> Join(
        IReadOnlyList<PeerAddress> own, IReadOnlyList<PeerAddress> elsewhere)
        => [.. own.Take(1).Concat(elsewhere).Concat(own.Skip(1)).Distinct().Take(WireLimits.AddressesMax)];

    // 169.254/16 is what a device gives itself when nobody else does: worth a try after all others.
    private static bool IsSelfAssigned(IPAddress ip)
        => ip.AddressFamily == AddressFamily.InterNetwork && ip.GetAddressBytes() is [169, 254, ..];
}
