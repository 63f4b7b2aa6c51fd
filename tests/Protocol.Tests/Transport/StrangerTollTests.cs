using NUnit.Framework;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>How much of a node strangers may have (THREATS row 1).</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class StrangerTollTests
{
    [Test]
    public void Threat_1_For_as_long_as_strangers_took_nobody_new_is_let_in()
    {
        var clock = new ManualClock();
        var toll = new StrangerToll(clock);
        Refuse(toll, clock, milliseconds: 1.4);
        Refuse(toll, clock, milliseconds: 1.4);
        Assert.That(toll.Collect(), Is.EqualTo(TimeSpan.Zero), "not worth a timer yet");
        Refuse(toll, clock, milliseconds: 1.4);

        Assert.That(toll.Collect(), Is.EqualTo(TimeSpan.FromMilliseconds(4.2)));
        Assert.That(toll.Collect(), Is.EqualTo(TimeSpan.Zero), "paid");
    }

    [Test]
    public void Threat_1_Members_never_wait_long_for_what_strangers_took()
    {
        var clock = new ManualClock();
        var toll = new StrangerToll(clock);
        Refuse(toll, clock, milliseconds: 800);

        Assert.That(toll.Collect(), Is.EqualTo(TimeSpan.FromMilliseconds(10)));
        Assert.That(toll.Collect(), Is.EqualTo(TimeSpan.Zero));
    }

    [Test]
    public void Threat_1_A_rest_that_was_too_long_shortens_the_next_and_a_long_sleep_by_no_more_than_three_ms()
    {
        var clock = new ManualClock();
        var toll = new StrangerToll(clock);
        Rest(toll, clock, late: 1);
        Refuse(toll, clock, milliseconds: 5);
        Assert.That(toll.Collect(), Is.EqualTo(TimeSpan.FromMilliseconds(4)));

        Rest(toll, clock, late: 60_000);
        Refuse(toll, clock, milliseconds: 8);
        Assert.That(toll.Collect(), Is.EqualTo(TimeSpan.FromMilliseconds(5)));
    }

    [Test]
    public void Threat_1_However_late_rests_are_strangers_get_no_more_than_half([Range(1, 10)] int seed)
    {
        var clock = new ManualClock();
        var random = new Random(seed);
        var toll = new StrangerToll(clock);
        double refusing = 0;
        double resting = 0;

        for (int i = 0; i < 10_000; i++)
        {
            double took = 0.3 * random.NextDouble();
            refusing += took;
            Refuse(toll, clock, took);

            if (toll.Collect() is { Ticks: > 0 } rest)
            {
                double rested = rest.TotalMilliseconds + (2 * random.NextDouble());
                resting += rested;
                long began = clock.GetTimestamp();
                clock.Advance(TimeSpan.FromMilliseconds(rested));
                toll.Rested(began, rest);
            }
        }

        // They owe three milliseconds at most in the end.
        Assert.That(refusing, Is.EqualTo(resting).Within(6), "and no less either");
    }

    private static void Rest(StrangerToll toll, ManualClock clock, double late)
    {
        long began = clock.GetTimestamp();
        clock.Advance(TimeSpan.FromMilliseconds(4 + late));
        toll.Rested(began, TimeSpan.FromMilliseconds(4));
    }

    private static void Refuse(StrangerToll toll, ManualClock clock, double milliseconds)
    {
        long began = clock.GetTimestamp();
        clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
        toll.Charge(began);
    }
}
