using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Swarm.Node.Discovery.PortMapping.Network;

/// <summary>The device's own interfaces and sockets.</summary>
internal sealed class SystemGatewayNetwork : IGatewayNetwork, IDisposable
{
    // Documentation's network (RFC 5737): connecting UDP there sends nothing, but shows which way "out" is.
    private static readonly IPEndPoint Elsewhere = new(IPAddress.Parse("192.0.2.1"), 9);

    private static readonly IPAddress AllHosts = IPAddress.Parse("224.0.0.1");

    private readonly Func<SocketType, ProtocolType, Socket> _open;
    private readonly GatewayHttp _http;

    /// <summary>The network that the sockets belong to which <paramref name="open"/> makes.</summary>
    public SystemGatewayNetwork(TimeProvider time, Func<SocketType, ProtocolType, Socket> open)
    {
        _open = open;
        _http = new GatewayHttp(time, open);
        NetworkChange.NetworkAddressChanged += OnAddressChanged;
    }

    /// <summary>This process's network.</summary>
    public SystemGatewayNetwork(TimeProvider time)
        : this(time, (kind, protocol) => new Socket(AddressFamily.InterNetwork, kind, protocol))
    {
    }

    public event Action? Changed;

    public Gateway? Find(IPAddress listener)
    {
        if (listener.AddressFamily == AddressFamily.InterNetworkV6 && !listener.Equals(IPAddress.IPv6Any))
        {
            return null;
        }

        Gateway[] gateways = [.. Gateways()];
        bool isOne = !listener.Equals(IPAddress.Any) && !listener.Equals(IPAddress.IPv6Any);
        IPAddress? local = isOne ? listener : WayOut();

        return gateways.FirstOrDefault(gateway => gateway.Local.Equals(local))
            ?? (isOne ? null : gateways.FirstOrDefault());
    }

    public IDatagrams Open(Gateway gateway)
        => Bind(new IPEndPoint(gateway.Local, 0), socket => socket.SetSocketOption(
            SocketOptionLevel.IP, SocketOptionName.MulticastInterface, gateway.Local.GetAddressBytes()));

    public IDatagrams OpenAnnouncements(Gateway gateway)
        => Bind(new IPEndPoint(IPAddress.Any, PortMappingLimits.AnnouncementPort), socket =>
        {
            // Every client on this device listens here.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.SetSocketOption(
                SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(AllHosts, gateway.Local));
        });

    public Task<HttpAnswer> AskAsync(Gateway gateway, HttpQuestion question, CancellationToken cancel)
        => _http.AskAsync(gateway.Local, question, cancel);

    public void Dispose() => NetworkChange.NetworkAddressChanged -= OnAddressChanged;

    private static IEnumerable<Gateway> Gateways()
        => from network in NetworkInterface.GetAllNetworkInterfaces()
           where network.OperationalStatus == OperationalStatus.Up
               && network.NetworkInterfaceType != NetworkInterfaceType.Loopback
           let properties = network.GetIPProperties()
           from router in properties.GatewayAddresses
           where router.Address.AddressFamily == AddressFamily.InterNetwork && !router.Address.Equals(IPAddress.Any)
           from own in properties.UnicastAddresses
           where own.Address.AddressFamily == AddressFamily.InterNetwork
           let gateway = new Gateway(router.Address, own.Address, own.PrefixLength)
           where gateway.IsOnLink(router.Address)
           select gateway;

    private static IPAddress? WayOut()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        try
        {
            socket.Connect(Elsewhere);
            return (socket.LocalEndPoint as IPEndPoint)?.Address;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private UdpDatagrams Bind(IPEndPoint at, Action<Socket> prepare)
    {
        Socket socket = _open(SocketType.Dgram, ProtocolType.Udp);

        try
        {
            prepare(socket);
            socket.Bind(at);
            return new UdpDatagrams(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private void OnAddressChanged(object? sender, EventArgs change) => Changed?.Invoke();
}
