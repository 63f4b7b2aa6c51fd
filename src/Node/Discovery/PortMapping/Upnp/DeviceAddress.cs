using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>The only addresses a device may lead to: http, an IPv4 literal, a real port.</summary>
internal static class DeviceAddress
{
    /// <summary>Reads an absolute address.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Uri? address)
        => Uri.TryCreate(Bounded(text), UriKind.Absolute, out address) && IsUsable(address);

    /// <summary>Reads an address relative to where it was found; it must stay on that host.</summary>
    public static bool TryResolve(Uri found, string text, [NotNullWhen(true)] out Uri? address)
        => Uri.TryCreate(found, Bounded(text), out address)
            && IsUsable(address)
            && HostOf(address).Equals(HostOf(found));

    /// <summary>The host of an address read here.</summary>
    public static IPAddress HostOf(Uri address) => IPAddress.Parse(address.Host);

    private static bool IsUsable(Uri address)
        => address.Scheme == Uri.UriSchemeHttp
            && address.UserInfo.Length == 0
            && address.Port is >= 1 and <= IPEndPoint.MaxPort
            && address.HostNameType is UriHostNameType.IPv4
            && IPAddress.TryParse(address.Host, out IPAddress? host)
            && host.AddressFamily == AddressFamily.InterNetwork;

    // An empty text is no address of its own, and resolves to where it was found, which answers nothing.
    private static string Bounded(string text) => text.Length <= PortMappingLimits.UriLettersMax ? text : "";
}
