using System.Net;
using NUnit.Framework;
using Swarm.Node.Discovery.Lan;
using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Node.Tests.Discovery.Lan;

/// <summary>Nodes find each other on a virtual network, and lose each other as they should.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class LanBrowserTests
{
    [Test]
    public void Two_that_start_together_find_each_other_within_a_second()
    {
        var lan = new VirtualLan();
        TimeSpan start = lan.Now;
        VirtualLan.Host[] both = [lan.Add(1), lan.Add(2)];
        lan.RunFor(2);

        foreach ((VirtualLan.Host host, VirtualLan.Host other) in (IEnumerable<(VirtualLan.Host, VirtualLan.Host)>)[
            (both[0], both[1]), (both[1], both[0])])
        {
            (TimeSpan at, LanHint hint) = host.Found[0];
            Assert.That(at - start, Is.LessThan(TimeSpan.FromSeconds(1)));
            Assert.That(hint.Node, Is.EqualTo(other.Service.Node));
            Assert.That(hint.Addresses, Is.EqualTo(
                [new PeerAddress(other.Ip.ToString(), other.Service.Listen.Port, other.Service.Node)]));
            Assert.That(host.Found.Select(found => found.Hint.Node), Is.All.EqualTo(other.Service.Node));
        }
    }

    [Test]
    public void A_guest_finds_a_node_within_milliseconds_and_touches_no_shared_port()
    {
        var lan = new VirtualLan();
        VirtualLan.Host node = lan.Add(1);
        lan.RunFor(10);
        VirtualLan.Host guest = lan.Add(2, announces: false);
        TimeSpan start = lan.Now;
        lan.RunFor(5);

        Assert.That(guest.Found[0].Hint.Node, Is.EqualTo(node.Service.Node));
        Assert.That((guest.Found[0].At - start).TotalMilliseconds, Is.LessThan(5));
        Assert.That(guest.Sent.Select(sent => sent.Packet.IsOneShot), Is.All.True);
        Assert.That(guest.Sent, Has.Count.EqualTo(3));
        Assert.That(node.Found, Is.Empty);
    }

    [Test]
    public void Members_hear_of_their_own_swarm_only()
    {
        var lan = new VirtualLan();
        VirtualLan.Host ours = lan.Add(1);
        VirtualLan.Host theirs = lan.Add(2, swarm: SwarmId.FromName("other"));
        lan.RunFor(10);
        Assert.That(ours.Found, Is.Empty);
        Assert.That(theirs.Found, Is.Empty);
        Assert.That(ours.Lane.Count, Is.Zero);
    }

    [Test]
    public void Who_claims_our_subtype_for_another_swarm_is_passed_over()
    {
        var lan = new VirtualLan();
        VirtualLan.Host host = lan.Add(1);
        lan.RunFor(5);
        lan.Send(Announcement(9, text: new LanText(TestIdentity.Node(9), SwarmId.FromName("other"))));
        lan.RunFor(1);
        Assert.That(host.Found, Is.Empty);
    }

    [Test]
    public void A_goodbye_takes_a_node_away_after_a_second()
    {
        var lan = new VirtualLan();
        (VirtualLan.Host stays, VirtualLan.Host leaves) = (lan.Add(1), lan.Add(2));
        lan.RunFor(10);
        TimeSpan left = lan.Now;
        lan.Withdraw(leaves);
        lan.RunFor(5);
        Assert.That((stays.Gone.Single().At - left).TotalSeconds, Is.EqualTo(1).Within(0.01));
        Assert.That(stays.Lane.Count, Is.Zero);
    }

    [Test]
    public void Who_dies_without_a_word_is_asked_for_four_times_and_gone_when_its_records_expire()
    {
        var lan = new VirtualLan();
        (VirtualLan.Host stays, VirtualLan.Host dies) = (lan.Add(1), lan.Add(2));
        lan.RunFor(10);
        lan.Kill(dies);
        stays.Sent.Clear();
        DnsName where = dies.Record(DnsType.Srv).Name;
        lan.RunFor(130);

        Assert.That(stays.Sent.Count(sent => sent.Message.Questions.Any(asked =>
            asked.Name.Equals(where) && asked.Type == DnsType.Srv)), Is.EqualTo(4));
        Assert.That(stays.Gone, Has.Count.EqualTo(1));
    }

    [Test]
    public void Who_lives_is_asked_and_stays_known()
    {
        var lan = new VirtualLan();
        (VirtualLan.Host stays, VirtualLan.Host other) = (lan.Add(1), lan.Add(2));
        lan.RunFor(6000);
        Assert.That(stays.Gone, Is.Empty);
        Assert.That(other.Gone, Is.Empty);
        Assert.That(stays.Lane.Count, Is.EqualTo(1));
    }

    [Test]
    public void Questions_come_ever_more_rarely_and_name_what_is_known()
    {
        var lan = new VirtualLan();
        VirtualLan.Host asks = lan.Add(1);
        VirtualLan.Host other = lan.Add(2);
        DnsQuestion browse = new(LanNames.Subtype(VirtualLan.Swarm), DnsType.Ptr);
        lan.RunFor(130);
        (TimeSpan At, LanPacket Packet, DnsMessage Message)[] questions = [.. asks.Sent.Where(sent =>
            !sent.Packet.IsOneShot && sent.Message.Questions.Contains(browse))];

        Assert.That(
            questions.Zip(questions.Skip(1)).Select(pair => Math.Round((pair.Second.At - pair.First.At).TotalSeconds)),
            Is.EqualTo([1, 2, 4, 8, 16, 32, 64]));
        Assert.That(
            questions[^1].Message.Answers.Select(known => known.TryReadPointer(out DnsName? name) ? name : null),
            Is.EqualTo([asks.Record(DnsType.Srv).Name, other.Record(DnsType.Srv).Name]),
            "its own, too: it need not answer itself");
    }

    [Test]
    public void Parts_that_did_not_come_are_asked_for()
    {
        var lan = new VirtualLan();
        VirtualLan.Host host = lan.Add(1);
        lan.RunFor(5);
        DnsMessage whole = Announcement(9);
        lan.Send(whole with { Answers = [whole.Answers[0]] });
        host.Sent.Clear();
        lan.RunFor(0.2);
        Assert.That(host.Sent.Single().Message.Questions.Single().Name, Is.EqualTo(whole.Answers[1].Name));
        lan.Send(whole with { Answers = [.. whole.Answers.Skip(1)] });
        lan.RunFor(0.1);
        Assert.That(host.Found.Single().Hint.Node, Is.EqualTo(TestIdentity.Node(9)));
    }

    [Test]
    public void Threat_26_A_spoofer_from_elsewhere_or_with_addresses_elsewhere_is_not_heard()
    {
        var lan = new VirtualLan();
        VirtualLan.Host host = lan.Add(1);
        lan.RunFor(5);
        byte[] packet = DnsPackets.Write(Announcement(9));
        lan.Send(packet, new IPEndPoint(IPAddress.Parse("10.0.0.9"), LanSocket.Port));
        lan.Send(packet, new IPEndPoint(IPAddress.Parse("192.168.1.200"), 5354));
        lan.Send(packet, new IPEndPoint(IPAddress.Parse("192.168.1.200"), LanSocket.Port), to: host.OneShot);
        lan.RunFor(1);
        Assert.That(host.Lane.Count, Is.Zero);

        // A device on the network may not have us dial the bank.
        lan.Send(Announcement(9, address: "203.0.113.7"));
        lan.Send(Announcement(10, address: "127.0.0.1"));
        lan.RunFor(1);
        Assert.That(host.Found, Is.Empty);
    }

    [Test]
    public void Threat_26_A_flood_of_announcements_fills_256_places_and_hides_nobody()
    {
        var lan = new VirtualLan();
        VirtualLan.Host host = lan.Add(1);
        lan.RunFor(5);

        for (int number = 1000; number < 4000; number++)
        {
            lan.Send(Announcement(number));
            lan.RunFor(0.006);
            Assert.That(host.Lane.Count, Is.LessThanOrEqualTo(LanLimits.InstancesMax));
        }

        Assert.That(host.Lane.Count, Is.EqualTo(LanLimits.InstancesMax));
        VirtualLan.Host honest = lan.Add(2);
        lan.RunFor(2);
        Assert.That(host.Found.Select(found => found.Hint.Node), Does.Contain(honest.Service.Node));
    }

    [Test]
    public void Threat_26_One_packet_with_everything_it_may_hold_stays_within_the_bounds()
    {
        var cache = new LanCache(
            VirtualLan.Swarm, new LanInterface(1, "eth0", [(IPAddress.Parse("10.0.0.1"), 8)]), _ => false, new Random(1));
        DnsName host = LanNames.Host("one");
        DnsMessage one = Announcement(9);

        for (int round = 0; round < 20; round++)
        {
            _ = cache.Hear(
                [.. Enumerable.Range(0, 250).Select(i => DnsRecord.Address(host, new IPAddress([10, 0, (byte)round, (byte)i]), 120)),
                    DnsRecord.Pointer(LanNames.Subtype(VirtualLan.Swarm), one.Answers[1].Name, 4500),
                    DnsRecord.Service(one.Answers[1].Name, host, 1, 120),
                    one.Answers[2],
                    one.Answers[2] with { Content = new byte[5000] }],
                isBrief: false,
                TimeSpan.FromSeconds(round));
        }

        Assert.That(cache.RecordCount, Is.LessThanOrEqualTo(3 + (2 * LanLimits.AddressesMax)));
        Assert.That(cache.KnownAnswers(TimeSpan.FromSeconds(20)).Count(), Is.EqualTo(1));
    }

    // What a device at 192.168.1.200 may say of a node.
    private static DnsMessage Announcement(int number, string address = "192.168.1.200", LanText? text = null)
    {
        NodeId node = TestIdentity.Node(number);
        DnsName instance = LanNames.Instance(LanNames.Label(node));
        DnsName host = LanNames.Host($"host-{number}");
        LanText claim = text ?? new LanText(node, VirtualLan.Swarm);

        return new DnsMessage
        {
            IsResponse = true,
            Answers =
            [
                DnsRecord.Pointer(LanNames.Subtype(VirtualLan.Swarm), instance, 4500),
                DnsRecord.Service(instance, host, 4747, 120),
                new DnsRecord(instance, DnsType.Txt, claim.Write(), 4500, IsUnique: true),
                DnsRecord.Address(host, IPAddress.Parse(address), 120),
            ],
        };
    }
}
