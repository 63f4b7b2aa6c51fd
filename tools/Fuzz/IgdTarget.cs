using Swarm.Node.Discovery.PortMapping;
using Swarm.Node.Discovery.PortMapping.Network;
using Swarm.Node.Discovery.PortMapping.Upnp;

namespace Swarm.Fuzz;

/// <summary>What a UPnP gateway may say of its parts, and answer when it is asked.</summary>
internal sealed class IgdTarget() : PacketTarget("igd", Description, Granted, Refused)
{
    private static readonly Uri Location = new("http://192.168.77.1:5000/rootDesc.xml");

    private static byte[] Description =>
    [
        .. "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><URLBase>/</URLBase><device>"u8,
        .. "<serviceList><service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType>"u8,
        .. "<controlURL>/ctl</controlURL></service><service><controlURL>http://192.168.77.1:81/ppp</controlURL>"u8,
        .. "<serviceType>urn:schemas-upnp-org:service:WANPPPConnection:1</serviceType></service>"u8,
        .. "</serviceList></device></root>"u8,
    ];

    private static byte[] Granted =>
    [
        .. "<s:Envelope xmlns:s=\"x\"><s:Body><NewReservedPort>4747</NewReservedPort>"u8,
        .. "<a>&amp;&#65;<![CDATA[x]]></a></s:Body></s:Envelope>"u8,
    ];

    private static byte[] Refused
        => [.. "<s:Envelope xmlns:s=\"x\"><s:Fault><errorCode>718</errorCode></s:Fault></s:Envelope>"u8];

    private int _read;

    // An XML reader has buffers of its own.
    protected override (int Bytes, int Times) Allowed => (128 * 1024, 64);

    // A document is read as one or as the other: to the readers it makes no difference what it was before the damage.
    protected override void ReadPacket(ReadOnlySpan<byte> packet)
    {
        if (_read++ % 2 == 0)
        {
            ReadDescription(packet);
        }
        else
        {
            ReadReply(packet.ToArray());
        }
    }

    private static void ReadDescription(ReadOnlySpan<byte> packet)
    {
        try
        {
            foreach (IgdService service in IgdDescription.Parse(packet, Location))
            {
                if (service.Control.Host != Location.Host)
                {
                    throw new InvalidOperationException($"{service.Control} is asked.");
                }
            }
        }
        catch (GatewayException)
        {
        }
    }

    private static void ReadReply(byte[] body)
    {
        try
        {
            _ = SoapReply.Parse(new HttpAnswer(body.Length % 2 == 0 ? 200 : 500, body));
        }
        catch (GatewayException)
        {
        }
    }
}
