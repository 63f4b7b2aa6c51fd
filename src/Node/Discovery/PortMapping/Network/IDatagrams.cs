using System.Net;

namespace Swarm.Node.Discovery.PortMapping.Network;

/// <summary>An open UDP port.</summary>
internal interface IDatagrams : IDisposable
{
    /// <summary>Sends one datagram.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">There is no way there.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint target, CancellationToken cancel);

    /// <summary>Waits for the next datagram; what does not fit the buffer is cut off.</summary>
    ValueTask<(int Count, IPEndPoint Source)> ReceiveAsync(Memory<byte> buffer, CancellationToken cancel);
}
