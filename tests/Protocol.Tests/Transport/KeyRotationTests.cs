using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>A swarm's key is replaced while its members talk (THREATS rows 50 and 51).</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class KeyRotationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public async Task Threat_50_A_key_is_replaced_under_load_and_no_link_of_a_member_closes()
    {
        await using var swarm = new PrivateSwarm();
        using SwarmKeyring anns = Copy(swarm.Keyring);
        using SwarmKeyring bobs = Copy(swarm.Keyring);
        using SwarmKeyring thiefs = Copy(swarm.Keyring);
        TcpTransport ann = swarm.Add(anns);
        TcpTransport bob = swarm.Add(bobs);
        TcpTransport thief = swarm.Add(thiefs);
        (ILink toBob, ILink fromAnn) = await ConnectAsync(ann, bob);
        (ILink stolen, ILink fromThief) = await ConnectAsync(thief, ann);
        using var stop = new CancellationTokenSource();
        Task serving = EchoAsync(fromAnn);
        Task<int> load = LoadAsync(toBob, stop.Token);

        // Ann makes a new key; Bob gets it a little later; meanwhile each dials the other.
        using var successor = SwarmKey.Create();
        anns.Replace([Copy(successor), .. anns.Keys]);
        _ = await ConnectAsync(ann, bob);
        _ = await ConnectAsync(bob, ann);
        bobs.Replace([Copy(successor), .. bobs.Keys]);
        _ = await ConnectAsync(ann, bob);
        await HearAsync(toBob, fromAnn);

        // The old key goes: the thief, who has only that one, is out at once and stays out.
        bobs.Replace([bobs.Primary]);
        anns.Replace([anns.Primary]);
        await Waiting.UntilAsync(
            () => stolen.Closed.IsCancellationRequested && fromThief.Closed.IsCancellationRequested,
            TimeProvider.System,
            TimeSpan.FromSeconds(1));
        var refused = await Catching.ErrorAsync(async () => await thief.DialAsync(ann.Addresses[0], default))
            as LinkClosedException;
        Assert.That(refused?.IsTurnedAway, Is.True);

        _ = await ConnectAsync(bob, ann);
        Assert.That(toBob.Closed.IsCancellationRequested || fromAnn.Closed.IsCancellationRequested, Is.False);
        await stop.CancelAsync();
        Assert.That(await load, Is.GreaterThan(0), "every request was answered");
        await toBob.DisposeAsync();
        await serving;
    }

    [Test]
    public async Task Threat_50_A_link_in_the_making_does_not_outlive_its_key()
    {
        await using var swarm = new PrivateSwarm();
        using SwarmKeyring anns = Copy(swarm.Keyring);
        TcpTransport ann = swarm.Add(anns);
        TcpTransport thief = swarm.Add(listens: false);

        for (int turn = 0; turn < 20; turn++)
        {
            SwarmKey old = anns.Primary;
            Task<Exception?> dial = Catching.ErrorAsync(async () =>
            {
                ILink link = await thief.DialAsync(ann.Addresses[0], default);
                await Waiting.UntilAsync(() => link.Closed.IsCancellationRequested, TimeProvider.System, Patience);
            });
            await Task.WhenAny(dial, Task.Delay(TimeSpan.FromMilliseconds(turn), TimeProvider.System));
            byte[] secret = Secret(old);
            anns.Replace([SwarmKey.Create()]);
            Assert.That(await dial.WaitAsync(Patience), Is.Null.Or.TypeOf<LinkClosedException>());
            anns.Replace([SwarmKey.Read(secret)]);
        }
    }

    [Test]
    public async Task Threat_51_No_log_and_no_error_names_a_secret()
    {
        var log = new ListLog();
        await using var swarm = new PrivateSwarm(log: log);
        await using var elsewhere = new PrivateSwarm(log: log);
        TcpTransport node = swarm.Add();
        _ = await ConnectAsync(swarm.Add(), node);
        Exception? error = await Catching.ErrorAsync(
            async () => await elsewhere.Add().DialAsync(node.Addresses[0], default));
        await Waiting.UntilAsync(() => !log.Lines.IsEmpty, TimeProvider.System);
        string said = string.Join('\n', log.Lines) + error + swarm.Keyring.Primary + swarm.Keyring;

        foreach (SwarmKeyring keyring in (SwarmKeyring[])[swarm.Keyring, elsewhere.Keyring])
        {
            byte[] secret = Secret(keyring.Primary);
            Assert.That(said, Does.Not.Contain(Convert.ToHexString(secret)[..8]).IgnoreCase);
            Assert.That(said, Does.Not.Contain(Convert.ToBase64String(secret)[..8]));
        }
    }

    [Test]
    public async Task A_proof_of_membership_in_a_public_swarm_ends_the_link()
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(TimeProvider.System);
        await peer.SendAsync(RawPeer.Frame(FrameType.Membership, 0, payload: new byte[40]));

        Assert.That(await peer.ReadUntilAsync(FrameType.GoAway), Is.Not.Null);
    }

    private static async Task<(ILink Dialler, ILink Acceptor)> ConnectAsync(TcpTransport one, TcpTransport other)
    {
        Task<ILink> accepted = TransportPair.AcceptAsync(other);
        ILink dialled = await one.DialAsync(other.Addresses[0], default);
        return (dialled, await accepted.WaitAsync(Patience));
    }

    // The link reads in order: once a request has come back each way, the proofs before it have been read.
    private static async Task HearAsync(ILink one, ILink other)
    {
        using var stop = new CancellationTokenSource();
        Task serving = EchoOnceAsync(one);
        await RequestAsync(other);
        await serving;
    }

    private static async Task<int> LoadAsync(ILink link, CancellationToken stop)
    {
        int answered = 0;

        for (; !stop.IsCancellationRequested; answered++)
        {
            await RequestAsync(link);
        }

        return answered;
    }

    private static async Task RequestAsync(ILink link)
    {
        var ping = new Envelope { ModelPart = new ModelPart { Offset = 1 } };
        Envelope answer = await link.RequestAsync(
            ping, StreamPriority.Control, Patience, TimeProvider.System, CancellationToken.None);
        Assert.That(answer.ModelPart.Offset, Is.EqualTo(1));
    }

    private static async Task EchoAsync(ILink link)
    {
        try
        {
            while (true)
            {
                await EchoOnceAsync(link);
            }
        }
        catch (LinkClosedException)
        {
            // The test is over.
        }
    }

    private static async Task EchoOnceAsync(ILink link)
    {
        await using ILinkStream stream = await link.AcceptAsync(default);
        Envelope? asked = await stream.ReceiveAsync(default);
        await stream.SendAsync(asked!, default, default);
        await stream.EndAsync(default);
    }

    private static byte[] Secret(SwarmKey key)
    {
        byte[] secret = new byte[SwarmKey.Size];
        key.Write(secret);
        return secret;
    }

    private static SwarmKey Copy(SwarmKey key) => SwarmKey.Read(Secret(key));

    private static SwarmKeyring Copy(SwarmKeyring keyring) => new(keyring.Keys.Select(Copy));

    private sealed class ListLog : ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
            => Lines.Enqueue(formatter(state, exception) + exception);
    }
}
