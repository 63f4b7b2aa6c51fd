namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>What a gateway says of its parts.</summary>
internal static class IgdDescription
{
    /// <summary>The services that map ports, best first, without those that lie on another host.</summary>
    /// <exception cref="GatewayException">It is no description.</exception>
    public static IReadOnlyList<IgdService> Parse(ReadOnlySpan<byte> body, Uri location)
    {
        var found = new List<(string Kind, string Control)>();
        (string Kind, string Control) service = ("", "");
        string origin = "";

        BoundedXml.Read(body, (name, value) =>
        {
            switch (name)
            {
                case "URLBase":
                    origin = value;
                    break;
                case "serviceType":
                    service.Kind = value;
                    break;
                case "controlURL":
                    service.Control = value;
                    break;
                case "service":
                    found.Add(found.Count < PortMappingLimits.XmlItemsMax
                        ? service
                        : throw GatewayException.Malformed("services without an end"));
                    service = ("", "");
                    break;
                default:
                    break;
            }
        });

        Uri start = DeviceAddress.TryResolve(location, origin, out Uri? other) ? other : location;

        return
        [
            .. found
                .Where(one => one.Control.Length > 0)
                .Select(one => DeviceAddress.TryResolve(start, one.Control, out Uri? control)
                    ? new IgdService(one.Kind, control)
                    : null)
                .OfType<IgdService>()
                .Where(one => one.Rank >= 0)
                .OrderBy(one => one.Rank),
        ];
    }
}
