using System.Net;
using System.Net.Sockets;
using Swarm.Node.Discovery.PortMapping.NatPmp;
using Swarm.Node.Discovery.PortMapping.Network;
using Swarm.Node.Discovery.PortMapping.Pcp;

namespace Swarm.Node.Discovery.PortMapping;

/// <summary>Hears a gateway announce that it has restarted (RFC 6887, section 14.1; RFC 6886, section 3.2.1).</summary>
/// <remarks>
/// Anybody here can write such a datagram, so it proves nothing: it makes this node ask the gateway, and not often.
/// </remarks>
internal sealed class AnnouncementListener(IGatewayNetwork network, Gateway gateway, TimeProvider time)
{
    /// <summary>Listens until told to stop; where the port cannot be shared, the regular checks must do.</summary>
    public async Task ListenAsync(Action onAnnounced, CancellationToken stop)
    {
        var source = new IPEndPoint(gateway.Address, PortMappingLimits.ServerPort);
        byte[] buffer = new byte[PortMappingLimits.PcpBytesMax + 1];
        long? heardAt = null;

        try
        {
            using IDatagrams socket = network.OpenAnnouncements(gateway);

            while (true)
            {
                (int count, IPEndPoint from) = await socket.ReceiveAsync(buffer, stop);
                bool isEarly = heardAt is { } at && time.GetElapsedTime(at) < PortMappingLimits.AnnouncementEvery;

                if (!isEarly && from.Equals(source) && IsAnnouncement(buffer.AsSpan(0, count)))
                {
                    heardAt = time.GetTimestamp();
                    onAnnounced();
                }
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException)
        {
            // Told to stop, or not possible here.
        }
    }

    private static bool IsAnnouncement(ReadOnlySpan<byte> datagram)
    {
        try
        {
            return datagram.Length > 0 && datagram[0] == PcpRequest.Version
                ? PcpReply.Parse(datagram) is { Opcode: PcpOpcode.Announce, Result: PcpResult.Success }
                : NatPmpReply.Parse(datagram) is { Opcode: NatPmpRequest.AddressOpcode, Result: NatPmpResult.Success };
        }
        catch (GatewayException)
        {
            return false;
        }
    }
}
