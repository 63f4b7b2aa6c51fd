using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Reachability;
using Swarm.Protocol.Tests.Transport;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Reachability;

/// <summary>Peers that ask to be dialled back, honest and not.</summary>
[TestFixture("tcp")]
[TestFixture("memory")]
[Parallelizable(ParallelScope.All)]
public sealed class DialBackTests(string kind)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public async Task The_nonce_comes_on_a_connection_of_its_own_that_is_no_link()
    {
        await using var scene = new Scene(kind);
        byte[] nonce = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
        DialledBack answer = await scene.AskAsync(scene.Asker.Addresses[0].Port, nonce);

        Assert.That(answer.Reached, answer.Reason);
        await Waiting.UntilAsync(() => !scene.Came.IsEmpty, TimeProvider.System);
        Assert.That(scene.Came.Single().Nonce, Is.EqualTo(nonce));
        Assert.That(scene.Came.Single().Peer, Is.EqualTo(scene.Dialler));
        Assert.That(scene.Link.Closed.IsCancellationRequested, Is.False, "the link it was asked on lives on");
        Assert.That(scene.LinksUp, Is.EqualTo(1));
    }

    [Test]
    public async Task A_port_where_nobody_or_somebody_else_listens_is_not_reached()
    {
        await using var scene = new Scene(kind);
        int other = scene.Pair.Make().Transport.Addresses[0].Port;

        Assert.That((await scene.AskAsync(9)).Reached, Is.False);
        DialledBack stranger = await scene.AskAsync(other);
        Assert.That(stranger.Reached, Is.False);
        Assert.That(stranger.Reason, Is.Not.Empty);
        Assert.That(scene.Came, Is.Empty);
    }

    [Test]
    public async Task Threat_31_Nobody_is_dialled_more_often_than_the_limit_allows()
    {
        await using var scene = new Scene(kind);
        int port = scene.Asker.Addresses[0].Port;
        int refused = 0;

        for (int i = 0; i < 40; i++)
        {
            Exception? error = await Catching.ErrorAsync(() => scene.AskAsync(port));
            refused += error is FaultException { Code: FaultCode.Busy } ? 1 : 0;
        }

        Assert.That(refused, Is.InRange(27, 28), "12 a minute for one peer");
        Assert.That(scene.Came, Has.Count.InRange(12, 13));
    }

    [Test]
    public async Task Threat_31_A_third_party_is_never_dialled()
    {
        // It listens at another address, at the port the asker names.
        await using var scene = new Scene(kind);
        using var victim = new Victim(kind, scene.Pair);

        for (int i = 0; i < 5; i++)
        {
            Assert.That((await scene.AskAsync(victim.Port)).Reached, Is.False);
        }

        Assert.That(victim.IsDialled, Is.False);
    }

    [Test]
    public async Task A_third_party_would_notice_that_it_is_dialled()
    {
        await using var scene = new Scene(kind);
        using var victim = new Victim(kind, scene.Pair);
        var address = new PeerAddress(victim.Host, victim.Port);

        // Over TCP it is no node, and hangs up.
        Task dial = Catching.ErrorAsync(async () => await scene.Asker.DialAsync(address, default));
        await Waiting.UntilAsync(() => victim.IsDialled, TimeProvider.System);
        victim.Dispose();
        await dial;
    }

    [TestCase(0u, 16)]
    [TestCase(65536u, 16)]
    [TestCase(4747u, 0)]
    [TestCase(4747u, 15)]
    [TestCase(4747u, 17)]
    public async Task A_question_without_a_port_or_a_proper_nonce_ends_the_link(uint port, int nonce)
    {
        await using var scene = new Scene(kind);
        var question = new DialBack { Port = port, Nonce = ByteString.CopyFrom(new byte[nonce]) };

        _ = await Catching.ErrorAsync(() => scene.AskAsync(question));
        await Waiting.UntilAsync(() => scene.Link.Closed.IsCancellationRequested, TimeProvider.System);
    }

    private sealed class Scene : IAsyncDisposable
    {
        private readonly LinkPool _asks;
        private readonly LinkPool _answers;
        private int _linksUp;

        public Scene(string kind)
        {
            Pair = new TransportPair(kind);
            (Asker, NodeId asker) = Pair.Make();
            (ITransport dialler, Dialler) = Pair.Make();
            Asker.DialledBack += (peer, nonce) => Came.Add((peer, nonce.ToArray()));
            _asks = new LinkPool(Asker, asker, TimeProvider.System);
            _asks.LinkUp += _ => Interlocked.Increment(ref _linksUp);
            _answers = new LinkPool(dialler, Dialler, TimeProvider.System);
            _ = new DialBackService(_answers, dialler, TimeProvider.System);
            _ = _asks.RunAsync(CancellationToken.None);
            _ = _answers.RunAsync(CancellationToken.None);
            Link = _asks.GetAsync(dialler.Addresses[0], CancellationToken.None).AsTask().GetAwaiter().GetResult();
        }

        public TransportPair Pair { get; }

        public ITransport Asker { get; }

        public NodeId Dialler { get; }

        public ILink Link { get; }

        public ConcurrentBag<(NodeId Peer, byte[] Nonce)> Came { get; } = [];

        public int LinksUp => Volatile.Read(ref _linksUp);

        public Task<DialledBack> AskAsync(int port, byte[]? nonce = null)
            => AskAsync(new DialBack { Port = (uint)port, Nonce = ByteString.CopyFrom(nonce ?? new byte[16]) });

        public async Task<DialledBack> AskAsync(DialBack question)
            => (await Link.RequestAsync(
                new Envelope { DialBack = question }, StreamPriority.Control, Patience, TimeProvider.System, default))
                .DialledBack;

        public async ValueTask DisposeAsync()
        {
            await _asks.DisposeAsync();
            await _answers.DisposeAsync();
            await Pair.DisposeAsync();
        }
    }

    /// <summary>Somebody at another address of the same kind of network, who only notices that he is dialled.</summary>
    private sealed class Victim : IDisposable
    {
        private readonly Func<bool> _isDialled;
        private readonly Socket? _listener;
        private readonly Task<Socket>? _came;

        public Victim(string kind, TransportPair pair)
        {
            if (kind == "tcp")
            {
                Host = "127.0.0.2";
                _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                _listener.Bind(new IPEndPoint(IPAddress.Parse(Host), 0));
                _listener.Listen();
                _came = _listener.AcceptAsync();
                Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
                _isDialled = () => _came.IsCompleted;
            }
            else
            {
                Host = "10.0.0.2";
                (ITransport transport, NodeId id) = pair.Make(host: Host);
                Port = transport.Addresses[0].Port;
                _isDialled = () => pair.Dialled.Contains(id);
            }
        }

        public string Host { get; }

        public int Port { get; }

        public bool IsDialled => _isDialled();

        public void Dispose()
        {
            _listener?.Dispose();

            if (_came is { IsCompletedSuccessfully: true })
            {
                _came.Result.Dispose();
            }
        }
    }
}
