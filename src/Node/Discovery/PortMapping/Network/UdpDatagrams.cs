using System.Net;
using System.Net.Sockets;

namespace Swarm.Node.Discovery.PortMapping.Network;

/// <summary>A UDP socket.</summary>
internal sealed class UdpDatagrams(Socket socket) : IDatagrams
{
    private static readonly IPEndPoint Anybody = new(IPAddress.Any, 0);

    public async ValueTask SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint target, CancellationToken cancel)
        => _ = await socket.SendToAsync(datagram, SocketFlags.None, target, cancel);

    public async ValueTask<(int Count, IPEndPoint Source)> ReceiveAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, Anybody, cancel);
        return (received.ReceivedBytes, (IPEndPoint)received.RemoteEndPoint);
    }

    public void Dispose() => socket.Dispose();
}
