using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>Strangers before a private swarm: over real sockets, each seen from outside.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class PrivateSwarmTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public async Task Members_of_one_key_reach_one_another()
    {
        await using var swarm = new PrivateSwarm();
        TcpTransport node = swarm.Add();
        TcpTransport other = swarm.Add();
        Task<ILink> accepted = TransportPair.AcceptAsync(node);
        ILink link = await other.DialAsync(node.Addresses[0], default);

        Assert.That((await accepted.WaitAsync(Patience)).Remote, Is.EqualTo(other.Addresses[0].Node));
        Assert.That(link.Remote, Is.EqualTo(node.Addresses[0].Node));
    }

    [Test]
    [NonParallelizable]
    public async Task Threat_1_Ten_thousand_strangers_meet_no_TLS_and_cost_no_memory_and_a_member_is_served_meanwhile()
    {
        await using var swarm = new PrivateSwarm();
        TcpTransport node = swarm.Add();
        TcpTransport member = swarm.Add(listens: false);
        byte[] hello = await ClientHelloAsync();
        byte[][] said = [hello, new byte[48], "GET / HTTP/1.1\r\n\r\n"u8.ToArray(), [.. new byte[48], .. hello], []];

        // What is made once is there before it is measured.
        await Task.WhenAll(CrowdAsync(node.Endpoint!, said, 400), ComeAndGoAsync(member, node));
        (long heap, long resident) = Memory();
        Task crowd = CrowdAsync(node.Endpoint!, said, 10_000);
        int served = 0;

        do
        {
            await ComeAndGoAsync(member, node);
            served++;
        }
        while (!crowd.IsCompleted);

        await crowd;
        (long heapAfter, long residentAfter) = Memory();
        Assert.That(served, Is.GreaterThan(5), "all the while");
        Assert.That(heapAfter - heap, Is.LessThan(4 << 20));
        Assert.That(residentAfter - resident, Is.LessThan(32 << 20));
    }

    [Test]
    public async Task Threat_1_Who_shows_no_cookie_is_dropped_after_three_seconds([Values(0, 47)] int bytes)
    {
        var clock = new ManualClock();
        await using var swarm = new PrivateSwarm(clock);
        TcpTransport node = swarm.Add();
        using Socket socket = await ConnectAsync(node.Endpoint!);
        _ = await socket.SendAsync(new byte[bytes]);
        Task<int> heard = HeardAsync(socket);
        TimeSpan waited = TimeSpan.Zero;

        while (!heard.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            waited += TimeSpan.FromMilliseconds(100);
            await Task.WhenAny(heard, Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System));
        }

        Assert.That(await heard, Is.Zero);
        Assert.That(waited, Is.GreaterThanOrEqualTo(TimeSpan.FromSeconds(2.9)));
    }

    [Test]
    public async Task A_cookie_that_comes_in_pieces_opens_the_door_and_one_that_ends_early_does_not(
        [Values(0, 1, 47)] int first)
    {
        await using var swarm = new PrivateSwarm();
        TcpTransport node = swarm.Add();
        TcpTransport member = swarm.Add(listens: false);
        byte[] hello = await ClientHelloAsync();
        byte[] cookie = await CaptureAsync(member);
        using Socket socket = await ConnectAsync(node.Endpoint!);
        _ = await socket.SendAsync(cookie.AsMemory(0, first));

        // The node has seen the first piece once it has turned away who came after.
        Assert.That(await AnsweredAsync(node.Endpoint!, new byte[48], patient: true), Is.Zero);
        _ = await socket.SendAsync((byte[])[.. cookie[first..], .. hello]);
        Assert.That(await HeardAsync(socket), Is.GreaterThan(0));

        byte[] other = await CaptureAsync(member);
        Assert.That(await AnsweredAsync(node.Endpoint!, other[..^1], patient: false), Is.Zero);
    }

    [Test]
    public async Task Threat_2_A_captured_cookie_leads_no_further_than_TLS_and_only_once()
    {
        await using var swarm = new PrivateSwarm();
        TcpTransport node = swarm.Add();
        byte[] cookie = await CaptureAsync(swarm.Add(listens: false));
        byte[] hello = await ClientHelloAsync();

        // Fresh and never seen by the node: TLS answers, and asks for a certificate that the thief does not have.
        Assert.That(await AnsweredAsync(node.Endpoint!, [.. cookie, .. hello], patient: true), Is.GreaterThan(0));
        Assert.That(await AnsweredAsync(node.Endpoint!, [.. cookie, .. hello], patient: true), Is.Zero, "replayed");
    }

    [Test]
    public async Task Threat_3_A_thief_of_a_cookie_without_the_key_is_refused_for_his_certificate()
    {
        await using var swarm = new PrivateSwarm();
        TcpTransport node = swarm.Add();
        byte[] cookie = await CaptureAsync(swarm.Add(listens: false));
        using var key = NodeKey.Create();
        using var foreign = SwarmKey.Create();
        using X509Certificate2 certificate = LinkCertificate.Create(key, DateTimeOffset.UtcNow, [foreign]);
        using Socket socket = await ConnectAsync(node.Endpoint!);
        _ = await socket.SendAsync(cookie);
        await using var tls = new SslStream(new NetworkStream(socket));

        // A client of TLS 1.3 does not see that it was refused until it reads.
        Exception? error = await Catching.ErrorAsync(async () =>
        {
            await tls.AuthenticateAsClientAsync(Trusting(certificate));
            Assert.That(await tls.ReadAsync(new byte[1]), Is.Zero);
        });
        Assert.That(error, Is.Null.Or.InstanceOf<IOException>().Or.InstanceOf<AuthenticationException>());
        Assert.That(TransportPair.AcceptAsync(node).IsCompleted, Is.False);
    }

    [TestCase("none", "its own", TestName = "Threat_3_A_dialler_without_a_key_learns_that_it_failed")]
    [TestCase("other", "its own", TestName = "Threat_3_A_dialler_with_another_key_learns_that_it_failed")]
    [TestCase("own", "none", TestName = "Threat_3_A_dialler_with_a_key_before_a_public_swarm_learns_that_it_failed")]
    [TestCase("late", "its own", TestName = "Threat_3_A_dialler_with_a_wrong_clock_learns_that_it_failed")]
    public async Task A_dialler_who_is_no_member_learns_that_it_failed(string shown, string wanted)
    {
        await using var swarm = new PrivateSwarm();
        await using var elsewhere = new PrivateSwarm(shown == "late" ? new LateClock() : TimeProvider.System);
        TcpTransport node = swarm.Add(keyring: wanted == "none" ? null : swarm.Keyring);
        TcpTransport dialler = elsewhere.Add(listens: false, shown switch
        {
            "none" => null,
            "other" => elsewhere.Keyring,
            _ => swarm.Keyring,
        });

        var error = await Catching.ErrorAsync(async () => await dialler.DialAsync(node.Addresses[0], default))
            as LinkClosedException;
        Assert.That(error?.IsTurnedAway, Is.True, error?.Message);
        Assert.That(error?.Message, shown == "none"
            ? Does.Contain("before its Hello")
            : Does.Contain("clock or its swarm key differs"));
    }

    [Test]
    public async Task Threat_4_A_man_in_the_middle_fails_at_both_ends([Values] bool pinned)
    {
        await using var swarm = new PrivateSwarm();
        TcpTransport node = swarm.Add();
        TcpTransport dialler = swarm.Add(listens: false);
        using Socket middle = Listener();
        using var his = NodeKey.Create();
        using var foreign = SwarmKey.Create();
        using X509Certificate2 certificate = LinkCertificate.Create(his, DateTimeOffset.UtcNow, [foreign]);
        Task<Exception?> forwarding = Catching.ErrorAsync(() => ForwardAsync(middle, node.Endpoint!, certificate));
        int port = ((IPEndPoint)middle.LocalEndPoint!).Port;
        PeerAddress address = new("127.0.0.1", port, pinned ? node.Addresses[0].Node : null);

        var error = await Catching.ErrorAsync(async () => await dialler.DialAsync(address, default))
            as LinkClosedException;
        Assert.That(error?.Message, pinned
            ? Does.Contain($"Another node answers: {his.Id}")
            : Does.Contain("proves no key of this swarm"));
        Assert.That(await forwarding.WaitAsync(Patience), Is.Null.Or.InstanceOf<IOException>()
            .Or.InstanceOf<AuthenticationException>().Or.InstanceOf<SocketException>());
        Assert.That(TransportPair.AcceptAsync(node).IsCompleted, Is.False, "the node let nobody in");
    }

    // Takes the member's cookie to the node, and speaks TLS with both in its own name.
    private static async Task ForwardAsync(Socket middle, IPEndPoint node, X509Certificate2 certificate)
    {
        using Socket victim = await middle.AcceptAsync();
        byte[] cookie = new byte[48];
        await new NetworkStream(victim).ReadExactlyAsync(cookie);
        using Socket onward = await ConnectAsync(node);
        _ = await onward.SendAsync(cookie);
        await using var there = new SslStream(new NetworkStream(onward));
        await there.AuthenticateAsClientAsync(Trusting(certificate));
        await using var here = new SslStream(new NetworkStream(victim));
        await here.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificate = certificate,
            ApplicationProtocols = [new SslApplicationProtocol("swarm/1")],
            ClientCertificateRequired = true,
#pragma warning disable CA5359 // The man in the middle takes whom he gets.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
        });
        byte[] hello = new byte[16];
        await there.ReadExactlyAsync(hello);
        await here.WriteAsync(hello);
    }

    private static SslClientAuthenticationOptions Trusting(X509Certificate2? certificate) => new()
    {
        TargetHost = string.Empty,
        ApplicationProtocols = [new SslApplicationProtocol("swarm/1")],
        ClientCertificates = certificate is null ? null : [certificate],
#pragma warning disable CA5359 // It trusts whoever answers: it is the stranger.
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
    };

    // What a member sends first to whomever it dials.
    private static async Task<byte[]> CaptureAsync(TcpTransport member)
    {
        using Socket listener = Listener();
        Task dial = Catching.ErrorAsync(async () => await member.DialAsync(
            new PeerAddress("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port), default));
        byte[] cookie = new byte[48];

        using (Socket caught = await listener.AcceptAsync())
        {
            await new NetworkStream(caught).ReadExactlyAsync(cookie);
        }

        await dial;
        return cookie;
    }

    // The first flight of a real TLS client.
    private static async Task<byte[]> ClientHelloAsync()
    {
        using Socket listener = Listener();
        using Socket client = await ConnectAsync((IPEndPoint)listener.LocalEndPoint!);
        var tls = new SslStream(new NetworkStream(client));
        Task shaking = Catching.ErrorAsync(() => tls.AuthenticateAsClientAsync(Trusting(null)));
        byte[] buffer = new byte[4096];
        int read;

        using (Socket server = await listener.AcceptAsync())
        {
            read = await server.ReceiveAsync(buffer);
        }

        await shaking;
        await tls.DisposeAsync();
        return buffer[..read];
    }

    // Strangers one after the other, four at a time.
    private static Task CrowdAsync(IPEndPoint node, byte[][] said, int count)
        => Task.WhenAll(Enumerable.Range(0, 4).Select(async part =>
        {
            for (int i = 0; i < count / 4; i++)
            {
                byte[] words = said[(i + part) % said.Length];
                int answered = await AnsweredAsync(node, words, patient: words.Length >= 48);
                Assert.That(answered, Is.Zero, "a stranger hears not a byte: TLS would have sent an alert at least");
            }
        }));

    private static async Task ComeAndGoAsync(TcpTransport member, TcpTransport node)
    {
        Task<ILink> accepted = TransportPair.AcceptAsync(node);
        await using ILink link = await member.DialAsync(node.Addresses[0], default).AsTask().WaitAsync(Patience);
        await (await accepted.WaitAsync(Patience)).DisposeAsync();
    }

    private static (long Heap, long Resident) Memory()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return (GC.GetTotalMemory(forceFullCollection: false), Environment.WorkingSet);
    }

    // How many bytes a stranger hears who says this.
    private static async Task<int> AnsweredAsync(IPEndPoint node, byte[] words, bool patient)
    {
        using Socket socket = await ConnectAsync(node);

        try
        {
            _ = await socket.SendAsync(words);

            if (!patient)
            {
                // Too few words to be judged by: it hangs up before the node does.
                socket.Shutdown(SocketShutdown.Send);
            }
        }
        catch (SocketException)
        {
            // Dropped already.
        }

        return await HeardAsync(socket);
    }

    private static async Task<int> HeardAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        int heard = 0;
        using var patience = new CancellationTokenSource(Patience);

        try
        {
            // An answer that asks for more is answer enough.
            while (heard == 0 && await socket.ReceiveAsync(buffer, patience.Token) is > 0 and var read)
            {
                heard += read;
            }
        }
        catch (SocketException)
        {
            // Reset.
        }

        return heard;
    }

    private static async Task<Socket> ConnectAsync(IPEndPoint to)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(to);
        return socket;
    }

    private static Socket Listener()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private sealed class LateClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow.AddSeconds(-75);
    }
}
