using System.Net;
using System.Net.Sockets;
using Swarm.Protocol.Transport;

namespace Swarm.Dht.Routing;

/// <summary>Networks that one party is likely to own whole: a /24 of IPv4, a /56 of IPv6.</summary>
internal static class AddressGroup
{
    private const int Ipv4GroupBytes = 3;
    private const int Ipv6GroupBytes = 7;

    /// <summary>
    /// The groups of a contact's addresses. Addresses of private networks belong to none.
    /// </summary>
    internal static IEnumerable<string> Of(Contact contact)
        => contact.Addresses.Select(Of).OfType<string>().Distinct();

    /// <summary>The group of one address, or null when it belongs to none.</summary>
    internal static string? Of(PeerAddress address)
    {
        if (!IPAddress.TryParse(address.Host, out IPAddress? ip))
        {
            return null;
        }

        if (ip.IsIPv4MappedToIPv6)
        {
            ip = ip.MapToIPv4();
        }

        byte[] bytes = ip.GetAddressBytes();

        if (IPAddress.IsLoopback(ip) || IsPrivate(ip, bytes))
        {
            return null;
        }

        return Convert.ToHexString(bytes, 0, bytes.Length == 4 ? Ipv4GroupBytes : Ipv6GroupBytes);
    }

    private static bool IsPrivate(IPAddress ip, byte[] bytes)
        => ip.AddressFamily == AddressFamily.InterNetwork
            ? bytes is [10, ..] or [192, 168, ..] or [169, 254, ..] or [172, >= 16 and <= 31, ..]
            : ip.IsIPv6LinkLocal || ip.IsIPv6UniqueLocal;
}
