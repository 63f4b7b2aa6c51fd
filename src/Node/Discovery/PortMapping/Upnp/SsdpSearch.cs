using System.Globalization;
using System.Net;
using System.Text;

namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>The question "which devices are here?" of the Simple Service Discovery Protocol.</summary>
internal static class SsdpSearch
{
    /// <summary>Where every device listens.</summary>
    public static readonly IPAddress Group = IPAddress.Parse("239.255.255.250");

    // The general one last: some devices answer one search only, and then with their first description.
    private static readonly string[] Sought =
    [
        "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
        "urn:schemas-upnp-org:device:InternetGatewayDevice:2",
        "urn:schemas-upnp-org:service:WANIPConnection:1",
        "urn:schemas-upnp-org:service:WANIPConnection:2",
        "ssdp:all",
    ];

    /// <summary>One datagram for each kind of device that may be a gateway.</summary>
    /// <param name="target">Whom it is sent to: a device, or <see cref="Group"/>.</param>
    public static IEnumerable<byte[]> Questions(IPAddress target)
        => Sought.Select(kind => Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"M-SEARCH * HTTP/1.1\r\nHOST: {target}:{PortMappingLimits.SsdpPort}\r\nMAN: \"ssdp:discover\"\r\n"
                + $"MX: 1\r\nST: {kind}\r\n\r\n")));
}
