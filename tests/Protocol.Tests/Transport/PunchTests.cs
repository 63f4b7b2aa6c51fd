using System.Net;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>Real sockets that dial each other at the same time, each from the port it listens at.</summary>
[TestFixture]
[Platform("Linux")]
[Parallelizable(ParallelScope.All)]
public sealed class PunchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // Both expect the other before its packet comes.
    private static readonly TimeSpan Early = TimeSpan.FromMilliseconds(60);

    [Test]
    public async Task Two_that_dial_at_once_get_one_link_whose_client_is_agreed([Range(0, 7)] int turn)
    {
        await using var swarm = new PrivateSwarm();
        (TcpTransport one, TcpTransport other) = (swarm.Add(), swarm.Add());
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);

        // Either may be a little early: on loopback its packet then reaches the other one's listener.
        var others = TimeSpan.FromMilliseconds(20 * turn);
        Task<ILink> leading = PunchAsync(one, other, leads: true, Early, patience.Token);
        Task<ILink> following = PunchAsync(other, one, leads: false, others, patience.Token);
        Task<ILink> accepted = TransportPair.AcceptAsync(other);
        ILink leader = await leading;
        ILink follower = await await Task.WhenAny(following, accepted);

        Assert.That((leader.IsDialler, follower.IsDialler), Is.EqualTo((true, false)));
        Assert.That(leader.Remote, Is.EqualTo(other.Addresses[0].Node));
        Assert.That(follower.Remote, Is.EqualTo(one.Addresses[0].Node));
        Assert.That(leader.SeenAt, Is.EqualTo(other.Addresses[0]));
        Assert.That(follower.SeenAt, Is.EqualTo(one.Addresses[0]));
        Assert.That(leader.IsFromListener && follower.IsFromListener);
    }

    [Test]
    public async Task Threat_4_Only_the_node_that_is_meant_is_met_whoever_leads([Values] bool leads)
    {
        await using var swarm = new PrivateSwarm();
        (TcpTransport one, TcpTransport other) = (swarm.Add(), swarm.Add());
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        PeerAddress wrong = other.Addresses[0] with { Node = TestIdentity.Node(7) };
        Task<Exception?> deceived = Catching.ErrorAsync(
            async () => await one.PunchAsync(wrong, leads, Early, patience.Token));
        Exception? refused = await Catching.ErrorAsync(() => PunchAsync(other, one, !leads, Early, patience.Token));

        Assert.That(await deceived, Is.Not.Null);
        Assert.That(refused, Is.Not.Null);
    }

    [Test]
    public async Task Threat_1_Who_does_not_show_the_key_of_the_swarm_is_not_met()
    {
        await using var swarm = new PrivateSwarm();
        using var strange = SwarmKeyring.Create();
        (TcpTransport one, TcpTransport other) = (swarm.Add(), swarm.Add(strange));
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        Task<Exception?> leading = Catching.ErrorAsync(() => PunchAsync(other, one, leads: true, Early, patience.Token));
        Exception? following = await Catching.ErrorAsync(
            () => PunchAsync(one, other, leads: false, Early, patience.Token));

        Assert.That(following, Is.Not.Null);
        Assert.That(await leading, Is.Not.Null);
    }

    [Test]
    public async Task Where_nobody_answers_the_attempt_ends_with_its_time_and_the_node_listens_on()
    {
        await using var swarm = new PrivateSwarm();
        (TcpTransport one, TcpTransport other) = (swarm.Add(), swarm.Add());
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(300), TimeProvider.System);
        var nobody = new PeerAddress("127.0.0.1", 9, TestIdentity.Node(7));
        Exception? refused = await Catching.ErrorAsync(
            async () => await one.PunchAsync(nobody, leads: true, TimeSpan.Zero, patience.Token));

        Assert.That(refused, Is.InstanceOf<OperationCanceledException>().Or.TypeOf<LinkClosedException>());
        ILink link = await other.DialAsync(one.Addresses[0], default);
        Assert.That(link.Remote, Is.EqualTo(one.Addresses[0].Node));
    }

    [Test]
    public async Task A_dial_from_the_listening_port_is_seen_there_and_a_second_one_comes_from_another()
    {
        await using var swarm = new PrivateSwarm();
        (TcpTransport one, TcpTransport other) = (swarm.Add(), swarm.Add());
        ILink first = await one.DialFromListenerAsync(other.Addresses[0], default);
        ILink second = await one.DialFromListenerAsync(other.Addresses[0], default);

        Assert.That((first.IsFromListener, second.IsFromListener), Is.EqualTo((true, false)));
        Assert.That(first.RemoteHello.Observed.Port, Is.EqualTo(one.Addresses[0].Port));
        Assert.That(second.RemoteHello.Observed.Port, Is.Not.EqualTo(one.Addresses[0].Port));
    }

    [Test]
    public async Task A_second_node_still_finds_the_port_taken()
    {
        await using var swarm = new PrivateSwarm();
        TcpTransport one = swarm.Add();
        _ = await one.DialFromListenerAsync(swarm.Add().Addresses[0], default);
        using var key = NodeKey.Create();

        Assert.That(
            () => new TcpTransport(key, TestIdentity.Hello("test"), one.Endpoint, TimeProvider.System),
            Throws.TypeOf<ListenException>().With.Message.Contains("is in use"));
        Assert.That(one.Endpoint!.Address, Is.EqualTo(IPAddress.Loopback));
    }

    [Test]
    public async Task A_port_that_is_kept_for_meetings_is_named_to_nobody_and_lets_in_only_who_is_met()
    {
        await using var swarm = new PrivateSwarm();
        TcpTransport node = swarm.Add();
        using var key = NodeKey.Create();
        await using var guest = new TcpTransport(
            key, TestIdentity.Hello("test"), listen: null, TimeProvider.System, keyring: swarm.Keyring, keepsPort: true);
        using var patience = new CancellationTokenSource(Patience, TimeProvider.System);
        var kept = new PeerAddress("127.0.0.1", guest.Endpoint!.Port, key.Id);
        Assert.That((guest.KeepsPort, guest.Addresses.Count, guest.Hello.Addresses.Count), Is.EqualTo((true, 0, 0)));
        Exception? refused = await Catching.ErrorAsync(async () => await node.DialAsync(kept, patience.Token));
        Assert.That(refused, Is.InstanceOf<LinkClosedException>(), "also a member, unless it is met");

        Task<ILink> leading = PunchAsync(guest, node, leads: true, Early, patience.Token);
        Task<ILink> accepted = TransportPair.AcceptAsync(node);
        Task<ILink> following = node.PunchAsync(kept, leads: false, TimeSpan.Zero, patience.Token).AsTask();
        ILink link = await leading;
        Assert.That(link.Remote, Is.EqualTo(node.Addresses[0].Node));
        Assert.That((await await Task.WhenAny(following, accepted)).Remote, Is.EqualTo(key.Id));
    }

    private static async Task<ILink> PunchAsync(
        TcpTransport from, TcpTransport to, bool leads, TimeSpan after, CancellationToken cancel)
        => await from.PunchAsync(to.Addresses[0], leads, after, cancel);
}
