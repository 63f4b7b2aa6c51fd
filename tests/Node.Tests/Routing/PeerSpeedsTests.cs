using NUnit.Framework;
using Swarm.Node.Routing;
using Swarm.Testing;

namespace Swarm.Node.Tests.Routing;

/// <summary>What is believed of a peer that takes longer than it says.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class PeerSpeedsTests
{
    private readonly SimulationLoop _loop = new(1);

    [Test]
    public void Nothing_is_known_against_who_takes_as_long_as_it_says()
    {
        var speeds = new PeerSpeeds(_loop.Clock);
        speeds.Learn(Pace(2, Part(1, 3, 1), Part(2, 3, 1)), 9);
        Assert.That((Known(speeds, 1), Known(speeds, 2), Known(speeds, 3)), Is.EqualTo((0.0, 0.0, 0.0)));
    }

    [Test]
    public void What_a_session_took_is_shared_out_so_that_the_route_is_priced_as_it_was()
    {
        var speeds = new PeerSpeeds(_loop.Clock);
        speeds.Learn(Pace(2, Part(1, 4, 0.001), Part(2, 2, 1)), 100);

        double together = 2 + (4 * Known(speeds, 1)) + (2 * Known(speeds, 2));
        Assert.That(together, Is.EqualTo(100).Within(1e-9));
        Assert.That(Known(speeds, 1), Is.GreaterThan(10), "most of it by who had most of the blocks");
    }

    [Test]
    public void Who_was_blamed_for_another_is_cleared_by_a_session_without_that_one()
    {
        var speeds = new PeerSpeeds(_loop.Clock);
        speeds.Learn(Pace(0, Part(1, 3, 0.001), Part(2, 3, 1)), 60);
        Assert.That(Known(speeds, 2), Is.GreaterThan(5));

        speeds.Learn(Pace(0, Part(2, 3, 1, Known(speeds, 2)), Part(3, 3, 1)), 6);
        Assert.That(Known(speeds, 2), Is.LessThan(6));
        speeds.Learn(Pace(0, Part(2, 3, 1, Known(speeds, 2)), Part(3, 3, 1)), 6);
        Assert.That(Known(speeds, 2), Is.LessThan(4));
        Assert.That(Known(speeds, 1), Is.GreaterThan(5), "who was slow is still known");
    }

    [Test]
    public void What_was_found_is_forgotten_in_ten_minutes_and_of_a_crowd_the_oldest()
    {
        var clock = new HandClock();
        var speeds = new PeerSpeeds(clock);

        for (int i = 0; i < 5000; i++)
        {
            speeds.Learn(Pace(0, Part(i, 1, 1)), 10);
            clock.Now += TimeSpan.FromMilliseconds(1);
        }

        Assert.That(Known(speeds, 4999), Is.EqualTo(10).Within(1e-9));
        Assert.That(Known(speeds, 0), Is.Zero);
        clock.Now += TimeSpan.FromMinutes(10);
        Assert.That(Known(speeds, 4999), Is.Zero);
    }

    private static double Known(PeerSpeeds speeds, int peer) => speeds.BlockMs(TestIdentity.Node(peer));

    private static RoutePace.Part Part(int node, int blocks, double claimed, double believed = 0)
        => new(TestIdentity.Node(node), blocks, claimed, Math.Max(claimed, believed));

    private static RoutePace Pace(double delays, params RoutePace.Part[] parts)
        => new(delays + parts.Sum(part => part.Blocks * part.BlockMs), parts);

    private sealed class HandClock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
