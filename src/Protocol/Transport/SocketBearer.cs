using System.Net;
using System.Net.Sockets;
using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Transport;

/// <summary>A TCP connection.</summary>
internal sealed class SocketBearer(Socket socket) : Bearer
{
    // TCP gives up on unacknowledged bytes after this long (Linux; RFC 5482).
    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;

    internal override PeerAddress? SeenAt { get; } = Seen(socket);

    internal override NodeId? Relay => null;

    internal override void EndSending()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed already.
        }
    }

    // No time to linger: the peer sees a reset.
    internal override void Sever() => socket.Close(0);

    protected override Stream Open()
    {
        socket.NoDelay = true;

        if (OperatingSystem.IsLinux())
        {
            byte[] milliseconds = BitConverter.GetBytes((int)LinkTimes.SilenceMax.TotalMilliseconds);
            socket.SetRawSocketOption(TcpLevel, TcpUserTimeout, milliseconds);
        }

        return new NetworkStream(socket, ownsSocket: true);
    }

    private static PeerAddress? Seen(Socket socket)
    {
        try
        {
            return socket.RemoteEndPoint is IPEndPoint seen
                ? new PeerAddress(ReachableAddresses.Plain(seen.Address).ToString(), seen.Port)
                : null;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Gone before it was looked at.
            return null;
        }
    }
}
