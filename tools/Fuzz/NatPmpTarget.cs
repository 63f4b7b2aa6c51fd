using Swarm.Node.Discovery.PortMapping;
using Swarm.Node.Discovery.PortMapping.NatPmp;

namespace Swarm.Fuzz;

/// <summary>What a gateway may answer by NAT-PMP.</summary>
internal sealed class NatPmpTarget() : PacketTarget(
    "natpmp",
    [0, 128, 0, 0, 0, 0, 0, 9, 5, 5, 5, 1],
    [0, 130, 0, 0, 0, 0, 0, 9, 18, 139, 18, 139, 0, 0, 28, 32],
    [0, 130, 0, 3, 0, 0, 0, 9])
{
    protected override (int Bytes, int Times) Allowed => (8 * 1024, 4);

    protected override void ReadPacket(ReadOnlySpan<byte> packet)
    {
        try
        {
            _ = NatPmpReply.Parse(packet);
        }
        catch (GatewayException)
        {
        }
    }
}
