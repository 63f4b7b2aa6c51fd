using System.Net;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Node.Discovery.PortMapping.Pcp;

namespace Swarm.Fuzz;

/// <summary>What a gateway may answer by PCP.</summary>
internal sealed class PcpTarget() : PacketTarget(
    "pcp",
    [2, 128, 0, 0, 0, 0, 28, 32, 0, 0, 0, 9, .. new byte[12]],
    [2, 129, 0, 0, 0, 0, 28, 32, 0, 0, 0, 9, .. new byte[12], .. Mapping],
    [2, 129, 0, 11, 0, 0, 0, 30, 0, 0, 0, 9, .. new byte[12], .. Mapping, 2, 0, 0, 0],
    [0, 128, 0, 1, 0, 0, 0, 9])
{
    private static byte[] Mapping =>
        [.. new byte[12], 6, 0, 0, 0, 18, 139, 18, 139, .. IPAddress.Parse("5.5.5.1").MapToIPv6().GetAddressBytes()];

    protected override (int Bytes, int Times) Allowed => (8 * 1024, 4);

    protected override void ReadPacket(ReadOnlySpan<byte> packet)
    {
        try
        {
            _ = PcpReply.Parse(packet);
        }
        catch (GatewayException)
        {
        }
    }
}
