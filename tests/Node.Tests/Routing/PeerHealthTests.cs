using NUnit.Framework;
using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Testing;

namespace Swarm.Node.Tests.Routing;

[TestFixture]
public sealed class PeerHealthTests
{
    private static readonly NodeId Peer = TestIdentity.Node(1);

    [Test]
    public void Each_failure_in_a_row_keeps_a_peer_away_longer_up_to_a_minute()
    {
        var clock = new SimulatedClock();
        var health = new PeerHealth(clock, new Random(1), new PeerHealthOptions { Jitter = 0 });

        foreach (int seconds in (int[])[1, 2, 4, 8, 16, 32, 60, 60])
        {
            health.Failed(Peer);
            Assert.That(health.IsUsable(Peer), Is.False);
            Assert.That(health.UsableIn(Peer), Is.EqualTo(TimeSpan.FromSeconds(seconds)));
        }
    }

    [Test]
    public void A_peer_that_did_well_starts_anew()
    {
        var health = new PeerHealth(new SimulatedClock(), new Random(1), new PeerHealthOptions { Jitter = 0 });
        health.Failed(Peer);
        health.Failed(Peer);
        health.Succeeded(Peer);
        Assert.That(health.IsUsable(Peer), Is.True);
        health.Failed(Peer);
        Assert.That(health.UsableIn(Peer), Is.EqualTo(TimeSpan.FromSeconds(1)));
    }

    [Test]
    public void After_its_wait_a_peer_is_tried_once()
    {
        var clock = new SimulatedClock();
        var health = new PeerHealth(clock, new Random(1));
        health.Failed(Peer);
        using ITimer timer = clock.CreateTimer(_ => { }, null, TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
        _ = clock.FireNext();

        Assert.That(health.IsUsable(Peer), Is.True);
        health.Trying(Peer);
        Assert.That(health.IsUsable(Peer), Is.False);
    }

    [Test]
    public void A_peer_without_room_is_asked_again_when_it_said()
    {
        var health = new PeerHealth(new SimulatedClock(), new Random(1), new PeerHealthOptions { Jitter = 0 });
        health.Refused(Peer, TimeSpan.FromSeconds(7));
        Assert.That(health.UsableIn(Peer), Is.EqualTo(TimeSpan.FromSeconds(7)));
        Assert.That(health.IsUsable(TestIdentity.Node(2)), Is.True);
    }

    [Test]
    public void Only_so_many_peers_are_remembered()
    {
        var health = new PeerHealth(new SimulatedClock(), new Random(1), new PeerHealthOptions { PeersMax = 3 });

        for (int node = 0; node < 100; node++)
        {
            health.Failed(TestIdentity.Node(node));
        }

        Assert.That(Enumerable.Range(0, 100).Count(node => !health.IsUsable(TestIdentity.Node(node))), Is.EqualTo(3));
    }
}
