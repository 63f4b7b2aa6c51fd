using System.Net;
using NUnit.Framework;
using Swarm.Node.Discovery.Lan;
using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Testing;

namespace Swarm.Node.Tests.Discovery.Lan;

/// <summary>A node announces itself as RFC 6762 wants it, second by second of a virtual clock.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class LanResponderTests
{
    private static readonly DnsQuestion Browse = new(LanNames.Subtype(VirtualLan.Swarm), DnsType.Ptr);

    [Test]
    public void A_node_probes_three_times_and_then_announces_itself_three_times()
    {
        var lan = new VirtualLan();
        TimeSpan start = lan.Now;
        VirtualLan.Host host = lan.Add(1);
        lan.RunFor(20);

        TimeSpan[] probes = [.. host.Sent.Where(sent => sent.Message.Authorities.Count > 0).Select(sent => sent.At)];
        Assert.That(probes, Has.Length.EqualTo(3));
        Assert.That(probes[0] - start, Is.LessThanOrEqualTo(TimeSpan.FromMilliseconds(250)));
        Assert.That(Gaps(probes), Is.EqualTo([0.25, 0.25]));
        (TimeSpan At, DnsMessage Message)[] announcements =
            [.. host.Answers.Where(sent => sent.Message.Answers.Count == host.Records.Count)];
        Assert.That(Gaps([probes[2], .. announcements.Select(sent => sent.At)]), Is.EqualTo([0.25, 1, 2]));
        DnsMessage first = announcements[0].Message;
        Assert.That(first.Answers.Where(record => record.IsUnique).Select(record => record.Type),
            Is.EquivalentTo([DnsType.Srv, DnsType.Txt, DnsType.A]));
        Assert.That(first.Answers.Where(record => record.Type is DnsType.Srv or DnsType.A).Select(one => one.TtlSeconds),
            Is.All.EqualTo(120));
        Assert.That(first.Answers.Where(record => record.Type is DnsType.Ptr or DnsType.Txt).Select(one => one.TtlSeconds),
            Is.All.EqualTo(4500));
    }

    [Test]
    public void A_shared_answer_waits_a_little_and_brings_what_is_asked_next_a_unique_one_comes_at_once()
    {
        (VirtualLan lan, VirtualLan.Host host) = Quiet();
        lan.Send(Query(Browse));
        TimeSpan asked = lan.Now;
        lan.RunFor(1);
        (TimeSpan At, DnsMessage Message) answer = host.Answers.Single();
        Assert.That((answer.At - asked).TotalMilliseconds, Is.InRange(20, 122));
        Assert.That(answer.Message.Answers.Single().Type, Is.EqualTo(DnsType.Ptr));
        Assert.That(answer.Message.Additionals.Select(record => record.Type),
            Is.EquivalentTo([DnsType.Srv, DnsType.Txt, DnsType.A]));

        lan.RunFor(2);
        lan.Send(Query(new DnsQuestion(host.Record(DnsType.Srv).Name, DnsType.Srv)));
        asked = lan.Now;
        lan.RunFor(1);
        answer = host.Answers.Last();
        Assert.That((answer.At - asked).TotalMilliseconds, Is.LessThan(5));
        Assert.That(answer.Message.Additionals.Select(record => record.Type), Is.EqualTo([DnsType.A]));
    }

    [Test]
    public void Every_record_is_given_to_who_asks_for_it_and_other_names_are_left_alone()
    {
        (VirtualLan lan, VirtualLan.Host host) = Quiet();

        foreach (DnsRecord record in host.Records)
        {
            host.Sent.Clear();
            lan.Send(Query(new DnsQuestion(record.Name, record.Type)));
            lan.RunFor(2);
            Assert.That(host.Answers.Any(sent => sent.Message.Answers.Any(record.IsSameAs)), $"{record.Name} {record.Type}");
        }

        host.Sent.Clear();
        lan.Send(Query(new DnsQuestion(LanNames.Subtype(Protocol.Identity.SwarmId.FromName("other")), DnsType.Ptr)));
        lan.Send(Query(new DnsQuestion(LanNames.Host("printer"), DnsType.Any)));
        lan.Send(Query(new DnsQuestion(LanNames.Service, DnsType.Txt)));
        lan.RunFor(2);
        Assert.That(host.Answers, Is.Empty);
    }

    [Test]
    public void Who_knows_the_answer_for_half_its_life_to_come_gets_none()
    {
        (VirtualLan lan, VirtualLan.Host host) = Quiet();
        DnsRecord pointer = host.Records.Single(record => record.Name.Equals(Browse.Name));
        lan.Send(Query(Browse) with { Answers = [pointer] });
        lan.RunFor(1);
        lan.Send(Query(Browse) with { Answers = [pointer with { TtlSeconds = 2250 }] });
        lan.RunFor(1);
        Assert.That(host.Sent, Is.Empty);
        lan.Send(Query(Browse) with { Answers = [pointer with { TtlSeconds = 2249 }] });
        lan.RunFor(1);
        Assert.That(host.Answers.Count(), Is.EqualTo(1));
    }

    [Test]
    public void Known_answers_that_come_in_the_next_packet_count_too()
    {
        (VirtualLan lan, VirtualLan.Host host) = Quiet();
        DnsRecord pointer = host.Records.Single(record => record.Name.Equals(Browse.Name));
        lan.Send(Query(Browse) with { IsTruncated = true });
        lan.RunFor(0.3);
        lan.Send(Query() with { Answers = [pointer] });
        lan.RunFor(1);
        Assert.That(host.Sent, Is.Empty);
    }

    [Test]
    public void A_storm_of_questions_gets_one_answer_a_second()
    {
        (VirtualLan lan, VirtualLan.Host host) = Quiet();

        for (int i = 0; i < 100; i++)
        {
            lan.Send(Query(Browse));
            lan.RunFor(0.05);
        }

        Assert.That(host.Answers.Count(), Is.InRange(4, 5));
        Assert.That(Gaps([.. host.Answers.Select(sent => sent.At)]), Is.All.GreaterThanOrEqualTo(1));
    }

    [Test]
    public void A_one_shot_asker_gets_an_answer_of_its_own_at_once_and_a_storm_of_them_few()
    {
        (VirtualLan lan, VirtualLan.Host host) = Quiet();
        lan.Send(Query(Browse) with { Id = 77 }, fromPort: 41000);
        TimeSpan asked = lan.Now;
        lan.RunFor(0.1);
        (TimeSpan at, LanPacket packet, DnsMessage message) = host.Sent.Single();

        Assert.That((at - asked).TotalMilliseconds, Is.LessThan(5));
        Assert.That(packet.To, Is.EqualTo(new IPEndPoint(IPAddress.Parse("192.168.1.200"), 41000)));
        Assert.That(message.Id, Is.EqualTo(77));
        Assert.That(message.Questions, Is.EqualTo([Browse]));
        Assert.That(message.Answers.Concat(message.Additionals).Select(one => one.TtlSeconds), Is.All.InRange(1, 10));
        Assert.That(message.Answers.Concat(message.Additionals).Select(one => one.IsUnique), Is.All.False);

        for (int i = 0; i < 190; i++)
        {
            lan.Send(Query(Browse), fromPort: 41000);
        }

        lan.RunFor(0.1);
        Assert.That(host.Sent, Has.Count.LessThanOrEqualTo(2 + LanLimits.UnicastAnswersPerSecondMax));
    }

    [Test]
    public void A_name_is_defended_against_a_prober()
    {
        (VirtualLan lan, VirtualLan.Host host) = Quiet();
        var claimed = DnsRecord.Service(host.Record(DnsType.Srv).Name, LanNames.Host("thief"), 99, 120);
        lan.Send(Query(new DnsQuestion(claimed.Name, DnsType.Any)) with { Authorities = [claimed] });
        TimeSpan asked = lan.Now;
        lan.RunFor(0.2);

        Assert.That((host.Answers.First().At - asked).TotalMilliseconds, Is.LessThan(5));
        Assert.That(host.Answers.First().Message.Answers.Any(host.Record(DnsType.Srv).IsSameAs));
        Assert.That(host.Conflicts, Is.Zero);
    }

    [Test]
    public void Two_devices_with_one_key_end_up_with_two_names_and_both_are_found()
    {
        var lan = new VirtualLan();
        VirtualLan.Host first = lan.Add(1, node: TestIdentity.Node(7));
        lan.RunFor(10);
        VirtualLan.Host second = lan.Add(2, node: TestIdentity.Node(7));
        VirtualLan.Host third = lan.Add(3);
        lan.RunFor(10);

        Assert.That(first.Conflicts, Is.Zero);
        Assert.That(second.Conflicts, Is.EqualTo(1));
        Assert.That(third.Found.Select(found => found.Hint.Instance).Distinct().Count(), Is.EqualTo(2));
        Assert.That(third.Found.Select(found => found.Hint.Addresses[0].Port).Distinct(), Is.EquivalentTo([4001, 4002]));
    }

    [Test]
    public void Two_that_probe_for_one_name_at_once_both_give_way()
    {
        var lan = new VirtualLan();
        VirtualLan.Host[] both = [lan.Add(1, node: TestIdentity.Node(7)), lan.Add(2, node: TestIdentity.Node(7))];
        VirtualLan.Host third = lan.Add(3);
        lan.RunFor(10);

        Assert.That(both.Sum(host => host.Conflicts), Is.InRange(1, 2));
        Assert.That(third.Found.Select(found => found.Hint.Addresses[0].Port).Distinct(), Is.EquivalentTo([4001, 4002]));
    }

    [Test]
    public void Who_contests_every_name_slows_a_node_down_and_does_not_silence_it()
    {
        var lan = new VirtualLan();
        VirtualLan.Host host = lan.Add(1);
        int contested = 0;

        for (int step = 0; step < 300; step++)
        {
            lan.RunFor(0.1);

            foreach ((TimeSpan _, LanPacket _, DnsMessage message) in host.Sent[contested..])
            {
                foreach (DnsRecord claimed in message.Authorities.Where(claimed => claimed.Type == DnsType.Srv))
                {
                    lan.Send(new DnsMessage
                    {
                        IsResponse = true,
                        Answers = [DnsRecord.Service(claimed.Name, LanNames.Host("thief"), 99, 120)],
                    });
                }
            }

            contested = host.Sent.Count;
        }

        // Without the pause a name would be contested every 0.2 s.
        Assert.That(host.Conflicts, Is.InRange(LanTimes.ConflictsMax, 60));
        lan.RunFor(10);
        Assert.That(host.Answers.Any(sent => sent.Message.Answers.Count == host.Records.Count));
    }

    [Test]
    public void A_goodbye_is_said_twice_of_everything_but_that_the_service_exists()
    {
        (VirtualLan lan, VirtualLan.Host host) = Quiet();
        lan.Withdraw(host);
        lan.RunFor(5);

        Assert.That(Gaps([.. host.Answers.Select(sent => sent.At)]), Is.EqualTo([0.25]));
        DnsRecord[] taken = [.. host.Answers.First().Message.Answers];
        Assert.That(host.Answers.SelectMany(sent => sent.Message.Answers).Select(one => one.TtlSeconds), Is.All.Zero);
        Assert.That(taken.Select(record => record.Name), Does.Not.Contain(LanNames.Services));
        Assert.That(taken, Has.Length.EqualTo(host.Records.Count - 1));
        Assert.That(host.Lane.IsSilent);
        lan.Send(Query(Browse));
        lan.RunFor(2);
        Assert.That(host.Answers.Count(), Is.EqualTo(2));
    }

    [Test]
    public void Who_was_never_announced_leaves_without_a_word()
    {
        var lan = new VirtualLan();
        VirtualLan.Host host = lan.Add(1);
        lan.RunFor(0.3);
        host.Sent.Clear();
        lan.Withdraw(host);
        lan.RunFor(1);
        Assert.That(host.Sent.Where(sent => sent.Message.IsResponse), Is.Empty);
        Assert.That(host.Lane.IsSilent);
    }

    [Test]
    public void The_same_seed_gives_the_same_packets()
    {
        static string Story()
        {
            var lan = new VirtualLan();
            VirtualLan.Host[] hosts = [.. Enumerable.Range(1, 5).Select(number => lan.Add(number))];
            lan.RunFor(300);
            return string.Join('\n', hosts.SelectMany(host => host.Sent)
                .Select(sent => $"{sent.At} {Convert.ToHexString(sent.Packet.Bytes)}"));
        }

        string first = Story();
        Assert.That(Story(), Is.EqualTo(first));
    }

    // A node whose announcements are over, and that has been silent for a while.
    private static (VirtualLan Lan, VirtualLan.Host Host) Quiet()
    {
        var lan = new VirtualLan();
        VirtualLan.Host host = lan.Add(1);
        lan.RunFor(10);
        host.Sent.Clear();
        return (lan, host);
    }

    private static DnsMessage Query(params DnsQuestion[] questions) => new() { IsResponse = false, Questions = questions };

    private static double[] Gaps(TimeSpan[] times)
        => [.. times.Zip(times.Skip(1)).Select(pair => Math.Round((pair.Second - pair.First).TotalSeconds, 3))];
}
