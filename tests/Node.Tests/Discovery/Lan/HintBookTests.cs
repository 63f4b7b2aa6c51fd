using NUnit.Framework;
using Swarm.Node.Discovery.Lan;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Node.Tests.Discovery.Lan;

/// <summary>How often what was announced is dialled.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Parallelizable(ParallelScope.All)]
public sealed class HintBookTests
{
    private TimeSpan _now = TimeSpan.FromHours(1);

    [Test]
    public void Threat_26_A_hint_is_dialled_at_most_once_in_five_seconds_however_often_it_is_announced()
    {
        var book = new HintBook(new Random(1));
        var dials = new List<TimeSpan>();

        for (int step = 0; step < 6000; step++)
        {
            // Announced, taken back and announced again, ten times a second.
            book.Hear(Hint(1), inHurry: true, _now);

            if (book.TryTake(_now, _ => false, out LanHint? hint))
            {
                dials.Add(_now);
                book.Dialled(hint, succeeded: false, _now);
            }

            _ = book.Forget(Hint(1).Instance);
            _now += TimeSpan.FromMilliseconds(100);
        }

        Assert.That(dials.Zip(dials.Skip(1)).Select(pair => pair.Second - pair.First),
            Is.All.GreaterThanOrEqualTo(LanLimits.DialInterval));
        Assert.That(dials, Has.Count.GreaterThan(1));
    }

    [Test]
    public void Threat_26_A_thousand_hints_cost_a_bounded_number_of_dials_and_256_places()
    {
        var book = new HintBook(new Random(1));
        int dials = 0;

        for (int second = 0; second < 60; second++)
        {
            for (int number = 0; number < 1000; number++)
            {
                book.Hear(Hint((second * 1000) + number), inHurry: true, _now);
            }

            while (book.TryTake(_now, _ => false, out LanHint? hint))
            {
                dials++;
                book.Dialled(hint, succeeded: false, _now);
            }

            _now += TimeSpan.FromSeconds(1);
        }

        Assert.That(book.Count, Is.LessThanOrEqualTo(LanLimits.InstancesMax));
        Assert.That(dials, Is.LessThanOrEqualTo(LanLimits.DialsBurstMax + (60 * LanLimits.DialsPerSecondMax)));
    }

    [Test]
    public void A_hint_that_leads_nowhere_and_is_not_renewed_is_dialled_ever_more_rarely()
    {
        var book = new HintBook(new Random(1));
        book.Hear(Hint(1), inHurry: true, _now);
        var waits = new List<double>();
        TimeSpan last = _now;

        while (waits.Count < 9)
        {
            _now = book.NextDue(_now)!.Value;
            Assert.That(book.TryTake(_now, _ => false, out LanHint? hint));
            waits.Add((_now - last).TotalSeconds);
            last = _now;
            book.Dialled(hint!, succeeded: false, _now);
        }

        Assert.That(waits, Is.EqualTo([0, 5, 10, 20, 40, 80, 160, 300, 300]).Within(0.001));
    }

    [Test]
    public void A_node_that_is_known_is_not_dialled_until_it_is_lost()
    {
        var book = new HintBook(new Random(1));
        book.Hear(Hint(1), inHurry: true, _now);
        Assert.That(book.TryTake(_now, _ => true, out _), Is.False);
        Assert.That(book.TryTake(_now + TimeSpan.FromMinutes(1), _ => false, out _));
    }

    [Test]
    public void Who_knows_others_leaves_a_newcomer_some_time_to_come_by_itself()
    {
        var book = new HintBook(new Random(1));
        book.Hear(Hint(1), inHurry: false, _now);
        Assert.That((book.NextDue(_now)!.Value - _now).TotalSeconds, Is.InRange(0.5, 3));
    }

    [Test]
    public void A_hint_taken_back_is_not_dialled()
    {
        var book = new HintBook(new Random(1));
        book.Hear(Hint(1), inHurry: true, _now);
        Assert.That(book.Forget(Hint(1).Instance), Is.Null);
        Assert.That(book.TryTake(_now, _ => false, out _), Is.False);
        Assert.That(book.NextDue(_now), Is.Null);
        Assert.That(book.Hints, Is.Empty);
    }

    [Test]
    public void A_node_that_was_met_is_named_once_when_its_announcement_is_gone_and_is_news_when_it_comes_again()
    {
        var book = new HintBook(new Random(1));

        for (int time = 0; time < 2; time++)
        {
            book.Hear(Hint(1), inHurry: true, _now);
            Assert.That(book.TryTake(_now, _ => false, out LanHint? hint));
            Assert.That(book.Dialled(hint!, succeeded: true, _now));
            Assert.That(book.Forget(Hint(1).Instance), Is.EqualTo(Hint(1).Node));
            Assert.That(book.Forget(Hint(1).Instance), Is.Null);
            _now += LanLimits.DialInterval;
        }
    }

    private static LanHint Hint(int number)
    {
        NodeId node = TestIdentity.Node(number);
        return new LanHint($"instance-{number}", node, default, [new PeerAddress("192.168.1.9", 4747, node)]);
    }
}
