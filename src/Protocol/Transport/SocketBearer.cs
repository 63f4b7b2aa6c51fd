using System.Net;
using System.Net.Sockets;
using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Transport;

/// <summary>A TCP connection.</summary>
/// <param name="socket">The connection, which becomes the bearer's own.</param>
/// <param name="isFromListener">Whether this node dialled from the port it listens at.</param>
internal sealed class SocketBearer(Socket socket, bool isFromListener = false) : Bearer
{
    // TCP gives up on unacknowledged bytes after this long (Linux; RFC 5482).
    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;

    internal override PeerAddress? SeenAt => field ??= Seen(socket);

    internal override NodeId? Relay => null;

    internal override bool TryReceive(Span<byte> target)
    {
        try
        {
            return socket.Available >= target.Length
                && socket.Receive(target, SocketFlags.None, out SocketError error) == target.Length
                && error == SocketError.Success;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Gone: who reads next is told.
            return false;
        }
    }

    // Without a stream: a stranger seldom needs one.
    internal override async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancel)
    {
        int read = 0;

        while (read < target.Length
            && await socket.ReceiveAsync(target[read..], SocketFlags.None, cancel) is > 0 and var more)
        {
            read += more;
        }

        return read;
    }

    internal override bool IsFromListener => isFromListener;

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
