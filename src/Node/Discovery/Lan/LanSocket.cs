using System.Net;
using System.Net.Sockets;

namespace Swarm.Node.Discovery.Lan;

/// <summary>
/// A UDP socket for one interface and one IP version: of the port that all responders of a device share, or of a port
/// of its own for one-shot questions.
/// </summary>
internal sealed class LanSocket : IDisposable
{
    /// <summary>The port of multicast DNS.</summary>
    public const int Port = 5353;

    // RFC 6762, section 11: what came from afar would have less.
    private const int TimeToLive = 255;

    // Linux: without these a socket hears the groups that others on the device joined on other interfaces.
    private const int LevelIp = 0;
    private const int MulticastAll = 49;
    private const int LevelIp6 = 41;
    private const int MulticastAll6 = 29;

    private static readonly IPAddress Group4 = IPAddress.Parse("224.0.0.251");
    private static readonly IPAddress Group6 = IPAddress.Parse("ff02::fb");

    private readonly Socket _socket;
    private readonly IPEndPoint _group;
    private readonly IPEndPoint _anyone;
    private readonly bool _isShared;
    private readonly int _index;

    private LanSocket(Socket socket, LanInterface at, bool isShared)
    {
        bool is4 = socket.AddressFamily == AddressFamily.InterNetwork;
        _socket = socket;
        _isShared = isShared;
        _index = at.Index;
        _anyone = new IPEndPoint(is4 ? IPAddress.Any : IPAddress.IPv6Any, 0);
        _group = new IPEndPoint(is4 ? Group4 : new IPAddress(Group6.GetAddressBytes(), at.Index), Port);
    }

    /// <summary>Opens one.</summary>
    /// <param name="at">The interface.</param>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="isShared">Whether on the shared port.</param>
    /// <exception cref="SocketException">The system does not allow it.</exception>
    public static LanSocket Open(LanInterface at, AddressFamily family, bool isShared)
    {
        var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp);

        try
        {
            var own = new LanSocket(socket, at, isShared);
            own.SetUp(family);
            return own;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends to one, or to the group; what the network does not take is lost, as packets may be.</summary>
    public void Send(LanPacket packet)
    {
        try
        {
            _ = _socket.SendTo(packet.Bytes, packet.To ?? _group);
        }
        catch (SocketException)
        {
            // The interface is going, or its queue is full: everything here is said again.
        }
    }

    /// <summary>The next packet that was meant for this socket.</summary>
    /// <exception cref="SocketException">The interface is gone.</exception>
    public async ValueTask<(int Length, IPEndPoint From)> ReceiveAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        while (true)
        {
            SocketReceiveMessageFromResult got = await _socket.ReceiveMessageFromAsync(buffer, _anyone, cancel);

            if (_isShared == got.PacketInformation.Address.Equals(Unscoped(_group.Address))
                && got.PacketInformation.Interface == _index)
            {
                return (got.ReceivedBytes, (IPEndPoint)got.RemoteEndPoint);
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private static IPAddress Unscoped(IPAddress address) => new(address.GetAddressBytes());

    private void SetUp(AddressFamily family)
    {
        bool is4 = family == AddressFamily.InterNetwork;
        SocketOptionLevel level = is4 ? SocketOptionLevel.IP : SocketOptionLevel.IPv6;

        if (_isShared)
        {
            // On Unix the runtime sets SO_REUSEPORT with it: the port is shared with a running responder.
            _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        }

        _socket.SetSocketOption(level, SocketOptionName.PacketInformation, true);
        _socket.Bind(new IPEndPoint(_anyone.Address, _isShared ? Port : 0));
        _socket.SetSocketOption(
            level,
            SocketOptionName.MulticastInterface,
            is4 ? IPAddress.HostToNetworkOrder(_index) : _index);
        _socket.SetSocketOption(level, SocketOptionName.MulticastTimeToLive, TimeToLive);
        _socket.SetSocketOption(level, SocketOptionName.MulticastLoopback, true);

        if (!_isShared)
        {
            return;
        }

        if (OperatingSystem.IsLinux())
        {
            _socket.SetRawSocketOption(
                is4 ? LevelIp : LevelIp6, is4 ? MulticastAll : MulticastAll6, stackalloc byte[sizeof(int)]);
        }

        _socket.SetSocketOption(
            level,
            SocketOptionName.AddMembership,
            is4 ? new MulticastOption(Group4, _index) : new IPv6MulticastOption(Group6, _index));
    }
}
