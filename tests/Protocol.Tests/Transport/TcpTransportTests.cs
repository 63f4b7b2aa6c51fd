using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>Strangers at the door, and the door itself.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class TcpTransportTests
{
    [Test]
    public async Task A_port_in_use_is_named_with_the_way_out()
    {
        using var key = NodeKey.Create();
        await using TcpTransport first = Listen(key);

        Assert.That(
            () => new TcpTransport(key, TestIdentity.Hello("test"), first.Endpoint, TimeProvider.System),
            Throws.TypeOf<ListenException>().With.Message.Contain($"{first.Endpoint!.Port} is in use"));
    }

    [Test]
    public void An_address_of_another_machine_is_refused()
    {
        using var key = NodeKey.Create();
        var elsewhere = new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0);

        Assert.That(
            () => new TcpTransport(key, TestIdentity.Hello("test"), elsewhere, TimeProvider.System),
            Throws.TypeOf<ListenException>().With.Message.Contain("no address of this machine"));
    }

    [Test]
    public async Task A_node_that_listens_everywhere_is_reached_by_every_kind_of_address([Values] bool v6)
    {
        using var key = NodeKey.Create();
        using var dialler = NodeKey.Create();
        IPAddress any = v6 ? IPAddress.IPv6Any : IPAddress.Any;
        await using TcpTransport node = Listen(key, any);
        await using var client = new TcpTransport(dialler, TestIdentity.Hello("test"), null, TimeProvider.System);

        Assert.That(node.Addresses, Is.Not.Empty);

        foreach (string host in v6 ? (string[])["127.0.0.1", "::1", "localhost"] : ["127.0.0.1", "localhost"])
        {
            Task<ILink> accepted = TransportPair.AcceptAsync(node);
            ILink link = await client.DialAsync(new PeerAddress(host, node.Endpoint!.Port, key.Id), default);
            Assert.That(link.Remote, Is.EqualTo(key.Id));
            Assert.That((await accepted).Remote, Is.EqualTo(dialler.Id));
            Assert.That((await accepted).RemoteHello.Observed.Port, Is.EqualTo((uint)node.Endpoint.Port));
        }
    }

    [Test]
    public async Task A_name_that_does_not_resolve_is_a_closed_link()
    {
        using var key = NodeKey.Create();
        await using var client = new TcpTransport(key, TestIdentity.Hello("test"), null, TimeProvider.System);

        var error = await Catching.ErrorAsync(async () =>
            await client.DialAsync(new PeerAddress("no.such.host.invalid", 7000), default)) as LinkClosedException;
        Assert.That(error?.Message, Does.Contain("no.such.host.invalid"));
    }

    [TestCaseSource(nameof(Strangers))]
    public async Task Threat_3_A_stranger_is_refused_and_the_next_node_is_welcome(Stranger stranger)
    {
        using var key = NodeKey.Create();
        await using TcpTransport node = Listen(key);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(node.Endpoint!);

        Exception? error = await Catching.ErrorAsync(
            () => stranger.SpeakAsync(socket).WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.That(error, Is.InstanceOf<IOException>().Or.InstanceOf<AuthenticationException>().Or.Null);
        Assert.That(await ReadsEndAsync(socket), "the node hung up");

        using var member = NodeKey.Create();
        await using var client = new TcpTransport(member, TestIdentity.Hello("test"), null, TimeProvider.System);
        Task<ILink> accepted = TransportPair.AcceptAsync(node);
        _ = await client.DialAsync(node.Addresses[0], default);
        Assert.That((await accepted).Remote, Is.EqualTo(member.Id));
    }

    [Test]
    public async Task Threat_3_A_dialler_whose_certificate_is_refused_learns_that_it_failed()
    {
        // The clocks differ by days: the client finds the server's certificate good, the server refuses the client's.
        using var key = NodeKey.Create();
        using var late = NodeKey.Create();
        await using TcpTransport node = Listen(key);
        await using var client = new TcpTransport(late, TestIdentity.Hello("test"), null, new SlowClock());

        Exception? error = await Catching.ErrorAsync(async () => await client.DialAsync(node.Addresses[0], default));
        Assert.That(error, Is.TypeOf<LinkClosedException>());
    }

    [Test]
    public async Task Threat_8_Whoever_says_nothing_is_dropped_in_time([Values] bool afterTls)
    {
        var clock = new ManualClock();
        using var key = NodeKey.Create();
        await using var node = new TcpTransport(
            key, TestIdentity.Hello("test"), new IPEndPoint(IPAddress.Loopback, 0), clock);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(node.Endpoint!);
        using var stranger = NodeKey.Create();

        if (afterTls)
        {
            using X509Certificate2 certificate = LinkCertificate.Create(stranger, clock.GetUtcNow());
            _ = await AuthenticateAsync(socket, certificate);
        }

        Task<bool> ends = ReadsEndAsync(socket);

        while (!ends.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(ends, Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System));
        }

        Assert.That(await ends);
    }

    [Test]
    public async Task Threat_12_Whatever_comes_before_the_Hello_ends_the_connection(
        [ValueSource(nameof(Types))] FrameType type)
    {
        using var key = NodeKey.Create();
        await using TcpTransport node = Listen(key);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(node.Endpoint!);
        await using SslStream tls = await AuthenticateAsync(socket, Proper());
        int payload = type switch
        {
            FrameType.Window => 4,
            FrameType.Ping or FrameType.Pong => 8,
            FrameType.Data or FrameType.Membership => 40,
            _ => 0,
        };
        bool ofLink = type is FrameType.Hello or FrameType.Ping or FrameType.Pong or FrameType.GoAway
            or FrameType.Membership;
        await tls.WriteAsync(RawPeer.Frame(
            type, ofLink ? 0u : 1, header: type == FrameType.Hello ? [8, 1] : null, payload: new byte[payload]));

        Assert.That(await ReadsEndAsync(socket), "the node hung up");
        Assert.That(TransportPair.AcceptAsync(node).IsCompleted, Is.False);
    }

    [Test]
    public async Task Threat_1_Strangers_beyond_the_limit_are_dropped_at_once()
    {
        var clock = new ManualClock();
        using var key = NodeKey.Create();
        await using var node = new TcpTransport(
            key, TestIdentity.Hello("test"), new IPEndPoint(IPAddress.Loopback, 0), clock);
        List<Socket> crowd = [];

        for (int i = 0; i < WireLimits.StrangersMax + 10; i++)
        {
            crowd.Add(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            await crowd[^1].ConnectAsync(node.Endpoint!);
        }

        foreach (Socket late in crowd.Skip(WireLimits.StrangersMax))
        {
            Assert.That(await ReadsEndAsync(late));
        }

        crowd.ForEach(socket => socket.Dispose());
    }

    // A Hello too, if it is not a proper one.
    private static FrameType[] Types() => Enum.GetValues<FrameType>();

    private static IEnumerable<Stranger> Strangers()
    {
        yield return new("who hangs up", socket => Task.Run(() => socket.Shutdown(SocketShutdown.Both)));
        yield return new("who speaks HTTP", socket => socket.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray()));
        yield return new(
            "who sends noise",
            socket => socket.SendAsync(Enumerable.Range(0, 9999).Select(i => (byte)(i * 7)).ToArray()));
        yield return new("without a certificate", socket => AuthenticateAsync(socket, null));
        yield return new("with TLS 1.2", socket => AuthenticateAsync(socket, Proper(), SslProtocols.Tls12));
        yield return new("of another protocol", socket => AuthenticateAsync(socket, Proper(), protocol: "h2"));
        yield return new("with an ordinary certificate", socket => AuthenticateAsync(socket, Ordinary()));
    }

    private static X509Certificate2 Proper()
    {
        using var key = NodeKey.Create();
        return LinkCertificate.Create(key, DateTimeOffset.UtcNow);
    }

    private static X509Certificate2 Ordinary()
    {
        using var key = System.Security.Cryptography.ECDsa.Create(
            System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=x", key, System.Security.Cryptography.HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static async Task<SslStream> AuthenticateAsync(
        Socket socket,
        X509Certificate2? certificate,
        SslProtocols version = SslProtocols.Tls13,
        string protocol = "swarm/1")
    {
        var tls = new SslStream(new NetworkStream(socket));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = string.Empty,
            EnabledSslProtocols = version,
            ApplicationProtocols = [new SslApplicationProtocol(protocol)],
            ClientCertificates = certificate is null ? null : [certificate],
#pragma warning disable CA5359 // It trusts whoever answers: it is the stranger.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        });
        return tls;
    }

    private static async Task<bool> ReadsEndAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        try
        {
            while (await socket.ReceiveAsync(buffer, patience.Token) > 0)
            {
            }

            return true;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static TcpTransport Listen(NodeKey key, IPAddress? at = null)
        => new(key, TestIdentity.Hello("test"), new IPEndPoint(at ?? IPAddress.Loopback, 0), TimeProvider.System);

    public sealed record Stranger(string Who, Func<Socket, Task> SpeakAsync)
    {
        public override string ToString() => Who;
    }

    // Makes certificates that ended long ago, and takes those of today for good.
    private sealed class SlowClock : TimeProvider
    {
        private int _asked;

        public override DateTimeOffset GetUtcNow()
            => Interlocked.Increment(ref _asked) == 1 ? DateTimeOffset.UtcNow.AddDays(-9) : DateTimeOffset.UtcNow;
    }
}
