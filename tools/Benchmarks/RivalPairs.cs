using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Benchmarks;

/// <summary>The same two sides over loopback, connected by raw TCP, by raw TLS and by a link, in this order.</summary>
internal sealed class RivalPairs : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _open = new();

    private RivalPairs()
    {
    }

    public List<EndPair> All { get; } = [];

    public static async Task<RivalPairs> OpenAsync(StreamPriority priority)
    {
        var pairs = new RivalPairs();
        (NetworkStream near, NetworkStream far) = await ConnectAsync();
        pairs.Add("tcp", new StreamEnd(near), new StreamEnd(far));
        (SslStream nearTls, SslStream farTls) = await SecureAsync(await ConnectAsync());
        pairs.Add("tls", new StreamEnd(nearTls), new StreamEnd(farTls));
        (ILinkStream nearLink, ILinkStream farLink) = await pairs.LinkAsync(priority);
        pairs.Add("link", new LinkEnd(nearLink), new LinkEnd(farLink));
        return pairs;
    }

    public async ValueTask DisposeAsync()
    {
        while (_open.TryPop(out IAsyncDisposable? one))
        {
            await one.DisposeAsync();
        }
    }

    private void Add(string name, IEnd near, IEnd far)
    {
        All.Add(new EndPair(name, near, far));
        _open.Push(near);
        _open.Push(far);
    }

    private static async Task<(NetworkStream Near, NetworkStream Far)> ConnectAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var dialler = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await dialler.ConnectAsync(listener.LocalEndpoint);
        Socket accepted = await listener.AcceptSocketAsync();
        accepted.NoDelay = true;
        return (new NetworkStream(dialler, ownsSocket: true), new NetworkStream(accepted, ownsSocket: true));
    }

    private static async Task<(SslStream Near, SslStream Far)> SecureAsync((NetworkStream Near, NetworkStream Far) tcp)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        var server = new SslServerAuthenticationOptions
        {
            ServerCertificate = certificate,
            EnabledSslProtocols = SslProtocols.Tls13,
        };
        var client = new SslClientAuthenticationOptions
        {
            TargetHost = "bench",
            EnabledSslProtocols = SslProtocols.Tls13,
            RemoteCertificateValidationCallback = (_, shown, _, _) => certificate.Equals(shown),
        };
        var near = new SslStream(tcp.Near);
        var far = new SslStream(tcp.Far);
        await Task.WhenAll(near.AuthenticateAsClientAsync(client), far.AuthenticateAsServerAsync(server));
        return (near, far);
    }

    private async Task<(ILinkStream Near, ILinkStream Far)> LinkAsync(StreamPriority priority)
    {
        TcpTransport one = Transport();
        TcpTransport other = Transport();
        ValueTask<ILink> accepting = other.AcceptAsync(CancellationToken.None);
        ILink dialled = await one.DialAsync(other.Addresses[0], CancellationToken.None);
        ILink accepted = await accepting;

        // A stream exists for the peer from its first message on.
        ILinkStream near = await dialled.OpenAsync(priority, CancellationToken.None);
        await near.SendAsync(new Envelope { Step = new Step() }, default, CancellationToken.None);
        ILinkStream far = await accepted.AcceptAsync(CancellationToken.None);
        _ = await far.ReceiveAsync(CancellationToken.None);
        return (near, far);
    }

    private TcpTransport Transport()
    {
        var key = NodeKey.Create();
        Hello hello = Hellos.Create(SwarmId.FromName("bench"), numerics: 1, "swarm bench", "bench", server: true);
        var transport = new TcpTransport(key, hello, new IPEndPoint(IPAddress.Loopback, 0), TimeProvider.System);
        _open.Push(transport);
        return transport;
    }
}
