using NUnit.Framework;
using Swarm.Protocol;

namespace Swarm.Dht.Tests;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class RateLimitTests
{
    [Test]
    public void A_peer_may_ask_for_its_burst_and_then_at_its_rate()
    {
        var limit = new RateLimit(perSecond: 2, burst: 5, peersMax: 10);

        Assert.That(Taken(limit, 1, 0), Is.EqualTo(5));
        Assert.That(Taken(limit, 1, 3), Is.EqualTo(5), "never more than the burst at once");
        Assert.That(Taken(limit, 1, 4), Is.EqualTo(2));
        Assert.That(Taken(limit, 2, 4), Is.EqualTo(5), "another peer has its own allowance");
    }

    [Test]
    public void Who_has_its_allowance_back_is_forgotten_to_make_room()
    {
        var limit = new RateLimit(perSecond: 1, burst: 2, peersMax: 2);
        _ = limit.TryTake(Ids.Of(1), TimeSpan.Zero);
        _ = limit.TryTake(Ids.Of(2), TimeSpan.Zero);

        Assert.That(limit.TryTake(Ids.Of(3), TimeSpan.Zero), Is.False);
        Assert.That(limit.TryTake(Ids.Of(3), TimeSpan.FromSeconds(1)));
    }

    private static int Taken(RateLimit limit, byte peer, double seconds)
        => Enumerable.Range(0, 100).Count(_ => limit.TryTake(Ids.Of(peer), TimeSpan.FromSeconds(seconds)));
}
