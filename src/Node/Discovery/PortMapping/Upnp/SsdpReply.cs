using System.Net;
using System.Text;
using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>A device's answer to a search.</summary>
/// <param name="Kind">What it is, as the header ST says.</param>
/// <param name="Location">Where its description lies.</param>
internal sealed record SsdpReply(string Kind, Uri Location)
{
    private const string StatusStart = "HTTP/1.";

    /// <summary>Whether it calls itself a gateway, or one of a gateway's parts.</summary>
    public bool IsGateway
        => Kind.Contains(":InternetGatewayDevice:", StringComparison.Ordinal)
            || Kind.Contains(":WANIPConnection:", StringComparison.Ordinal)
            || Kind.Contains(":WANPPPConnection:", StringComparison.Ordinal);

    /// <summary>Reads a datagram.</summary>
    /// <exception cref="GatewayException">It is no such answer, or names no http address.</exception>
    public static SsdpReply Parse(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length is 0 or > PortMappingLimits.SsdpBytesMax)
        {
            throw GatewayException.Malformed($"{datagram.Length} bytes");
        }

        string[] lines = Encoding.Latin1.GetString(datagram).Split('\n', PortMappingLimits.SsdpLinesMax + 1);

        if (!lines[0].StartsWith(StatusStart, StringComparison.Ordinal)
            || lines[0].Split(' ') is not [_, "200", ..]
            || lines.Length > PortMappingLimits.SsdpLinesMax)
        {
            throw GatewayException.Malformed("no answer to a search");
        }

        return DeviceAddress.TryParse(Header(lines, "LOCATION"), out Uri? location)
            ? new SsdpReply(Header(lines, "ST"), location)
            : throw GatewayException.Malformed("no location");
    }

    /// <summary>
    /// Whether the description may be fetched: it lies on the device that answered, which is the gateway or a neighbour
    /// that calls itself one. Anything else would have this node knock at a stranger's choice of doors.
    /// </summary>
    public bool IsFetchable(Gateway gateway, IPAddress source)
        => gateway.IsOnLink(source)
            && !source.Equals(gateway.Local)
            && DeviceAddress.HostOf(Location).Equals(source)
            && (IsGateway || source.Equals(gateway.Address));

    private static string Header(string[] lines, string name)
        => lines.Select(line => line.Split(':', 2))
            .FirstOrDefault(parts => parts.Length == 2
                && parts[0].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))?[1].Trim() ?? "";
}
