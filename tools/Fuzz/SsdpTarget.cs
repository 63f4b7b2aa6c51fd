using System.Net;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Node.Discovery.PortMapping.Network;
using Swarm.Node.Discovery.PortMapping.Upnp;

namespace Swarm.Fuzz;

/// <summary>What devices may answer to a search for a gateway, and where that would lead.</summary>
internal sealed class SsdpTarget() : PacketTarget("ssdp", Answer, OtherAnswer)
{
    private static readonly Gateway Gateway = new(
        IPAddress.Parse("192.168.77.1"), IPAddress.Parse("192.168.77.2"), 24);

    private static byte[] Answer =>
    [
        .. "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\n"u8,
        .. "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:2\r\n"u8,
        .. "Location: http://192.168.77.1:5000/rootDesc.xml\r\nEXT:\r\n\r\n"u8,
    ];

    private static byte[] OtherAnswer =>
    [
        .. "HTTP/1.1 200 OK\r\nLOCATION: http://192.168.77.9/a?b=c#d\r\n"u8,
        .. "ST: urn:schemas-upnp-org:service:WANIPConnection:1\r\n\r\n"u8,
    ];

    protected override (int Bytes, int Times) Allowed => (16 * 1024, 32);

    protected override void ReadPacket(ReadOnlySpan<byte> packet)
    {
        try
        {
            var reply = SsdpReply.Parse(packet);

            if (reply.IsFetchable(Gateway, Gateway.Address)
                && !DeviceAddress.HostOf(reply.Location).Equals(Gateway.Address))
            {
                throw new InvalidOperationException($"{reply.Location} is fetched because the gateway says so.");
            }
        }
        catch (GatewayException)
        {
        }
    }
}
