using System.Net;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Node.Discovery.Lan;
using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol.Identity;
using Swarm.Testing;

namespace Swarm.Node.Tests.Discovery.Lan;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class DnsCodecTests
{
    // The example of RFC 1035, section 4.1.4: F.ISI.ARPA, FOO.F.ISI.ARPA, ARPA and the root share their ends.
    private static readonly string[][] SharedEnds = [["f", "isi", "arpa"], ["foo", "f", "isi", "arpa"], ["arpa"], []];

    [Test]
    public void What_is_written_is_read_again()
        => Prop.ForAll(DnsPackets.Any, message =>
            DnsPackets.Letters(DnsReader.Read(DnsPackets.Write(message))) == DnsPackets.Letters(message))
            .QuickCheckThrowOnFailure();

    [Test]
    public void A_packet_keeps_to_its_size_and_holds_a_beginning_of_what_was_given()
        => Prop.ForAll(DnsPackets.Any, Gen.Choose(DnsLimits.HeaderBytes, 600).ToArbitrary(), (message, bytesMax) =>
        {
            byte[] packet = DnsPackets.Write(message, bytesMax);
            DnsMessage read = DnsReader.Read(packet);
            return packet.Length <= bytesMax
                && read.Answers.Zip(message.Answers).All(pair => pair.First.IsSameAs(pair.Second));
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Whatever_byte_changes_a_packet_is_read_or_refused()
        => Prop.ForAll(
            DnsPackets.Any,
            Gen.Choose(0, 9000).ToArbitrary(),
            Gen.Choose(0, 255).ToArbitrary(),
            (message, at, value) =>
            {
                byte[] packet = DnsPackets.Write(message);
                packet[at % packet.Length] = (byte)value;
                _ = DnsPackets.Refuses(packet);
                _ = DnsPackets.Refuses(packet.AsSpan(0, at % packet.Length));
                return true;
            }).QuickCheckThrowOnFailure();

    [Test]
    public void Names_that_end_alike_are_written_once()
    {
        var writer = new DnsWriter(512, isResponse: false);

        foreach (string[] labels in SharedEnds)
        {
            Assert.That(writer.TryAsk(new DnsQuestion(DnsName.Of(labels), DnsType.A)));
        }

        byte[] packet = writer.ToArray();
        int names = 12 + (4 + 2) + 2 + 1;
        Assert.That(packet, Has.Length.EqualTo(DnsLimits.HeaderBytes + names + (SharedEnds.Length * 4)));
        Assert.That(
            DnsReader.Read(packet).Questions.Select(asked => asked.Name),
            Is.EqualTo(SharedEnds.Select(labels => DnsName.Of(labels))));
    }

    [Test]
    public void Names_compare_without_the_case_of_their_letters()
    {
        Assert.That(DnsName.Of("Swarm", "LOCAL"), Is.EqualTo(DnsName.Of("swarm", "local")));
        Assert.That(DnsName.Of("Swarm", "LOCAL").GetHashCode(), Is.EqualTo(DnsName.Of("swarm", "local").GetHashCode()));
        Assert.That(DnsName.Of("swarm.local"), Is.Not.EqualTo(DnsName.Of("swarm", "local")));
        Assert.That(DnsName.Of("a.b", "c").ToString(), Is.EqualTo("a\\046b.c."));
        Assert.That(() => DnsName.Of(new string('a', 64)), Throws.TypeOf<DnsException>());
        Assert.That(() => DnsName.Of([.. Enumerable.Repeat(new string('a', 63), 4)]), Throws.TypeOf<DnsException>());
    }

    [TestCase("", "")]
    [TestCase("f", "my")]
    [TestCase("fo", "mzxq")]
    [TestCase("foo", "mzxw6")]
    [TestCase("foob", "mzxw6yq")]
    [TestCase("fooba", "mzxw6ytb")]
    [TestCase("foobar", "mzxw6ytboi")]
    public void Base32_is_that_of_RFC_4648(string text, string encoded)
        => Assert.That(Base32.Encode(System.Text.Encoding.ASCII.GetBytes(text)), Is.EqualTo(encoded));

    [Test]
    public void A_node_s_announcement_fits_one_packet_and_says_who_it_is_of_which_swarm()
    {
        NodeId node = TestIdentity.Node(1);
        var swarm = SwarmId.FromName("main");
        var at = new LanInterface(2, "eth0",
            [.. Enumerable.Range(1, 20).Select(last => (IPAddress.Parse($"192.168.1.{last}"), 24))]);
        var service = new LanService(node, swarm, new IPEndPoint(IPAddress.Any, 4747));
        IReadOnlyList<DnsRecord> records = service.Records(LanNames.Label(node), at);
        var writer = new DnsWriter(DnsLimits.SentBytesMax6, isResponse: true);

        Assert.That(records.All(writer.TryAnswer));
        Assert.That(LanNames.Label(node), Has.Length.EqualTo(52));
        DnsRecord text = DnsReader.Read(writer.ToArray()).Answers.Single(record => record.Type == DnsType.Txt);
        Assert.That(LanText.TryRead(text, out LanText claim));
        Assert.That(claim, Is.EqualTo(new LanText(node, swarm)));
    }

    [TestCase("txtvers=2", "v=1", "pid=*", "sw=*")]
    [TestCase("txtvers=1", "v=2", "pid=*", "sw=*")]
    [TestCase("txtvers=1", "v=1", "sw=*")]
    [TestCase("txtvers=1", "v=1", "pid=*")]
    [TestCase("txtvers=1", "v=1", "pid=nobody", "sw=*")]
    [TestCase("txtvers=1", "v=1", "pid=*", "sw=zz")]
    [TestCase("txtvers=1", "v=1", "pid=", "pid=*", "sw=*")]
    [TestCase]
    public void A_text_that_names_no_node_of_a_swarm_we_understand_is_none(params string[] entries)
    {
        var content = new List<byte>();

        foreach (string entry in entries)
        {
            string filled = entry.Replace("pid=*", $"pid={TestIdentity.Node(1)}", StringComparison.Ordinal)
                .Replace("sw=*", $"sw={SwarmId.FromName("main")}", StringComparison.Ordinal);
            content.Add((byte)filled.Length);
            content.AddRange(System.Text.Encoding.ASCII.GetBytes(filled));
        }

        var record = new DnsRecord(LanNames.Service, DnsType.Txt, content.ToArray(), 120, IsUnique: true);
        Assert.That(LanText.TryRead(record, out _), Is.False);
    }
}
