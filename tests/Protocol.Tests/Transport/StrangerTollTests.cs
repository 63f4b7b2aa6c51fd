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

    private static void Refuse(StrangerToll toll, ManualClock clock, double milliseconds)
    {
        long began = clock.GetTimestamp();
        clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
        toll.Charge(began);
    }
}
