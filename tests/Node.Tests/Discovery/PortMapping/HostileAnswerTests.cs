using System.Net;
using System.Text;
using NUnit.Framework;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Node.Discovery.PortMapping.NatPmp;
using Swarm.Node.Discovery.PortMapping.Network;
using Swarm.Node.Discovery.PortMapping.Pcp;
using Swarm.Node.Discovery.PortMapping.Upnp;

namespace Swarm.Node.Tests.Discovery.PortMapping;

/// <summary>Whatever comes, a reader gives an answer or a <see cref="GatewayException"/>, in bounded memory.</summary>
[TestFixture]
public sealed class HostileAnswerTests
{
    private const int Rounds = 20_000;

    // What a reader may allocate for one datagram, and for the longest description: a few times its size.
    private const int DatagramBytesMax = 64 * 1024;
    private const int BodyBytesMax = 16 * PortMappingLimits.HttpBytesMax;

    private static readonly Uri Location = new(ScriptedGateway.Location);

    private static readonly Dictionary<string, (Action<byte[]> Read, byte[] Sound)> Readers = new()
    {
        ["PCP"] = (
            bytes => PcpReply.Parse(bytes),
            [2, 129, 0, 0, 0, 0, 28, 32, 0, 0, 0, 9, .. new byte[12], .. new byte[12], 6, 0, 0, 0, 18, 139, 18, 139,
                .. IPAddress.Parse("5.5.5.1").MapToIPv6().GetAddressBytes()]),
        ["PCP announcement"] = (bytes => PcpReply.Parse(bytes), [2, 128, .. new byte[22]]),
        ["NAT-PMP"] = (
            bytes => NatPmpReply.Parse(bytes), [0, 130, 0, 0, 0, 0, 0, 9, 18, 139, 18, 139, 0, 0, 28, 32]),
        ["NAT-PMP address"] = (bytes => NatPmpReply.Parse(bytes), [0, 128, 0, 0, 0, 0, 0, 9, 5, 5, 5, 1]),
        ["SSDP"] = (bytes => SsdpReply.Parse(bytes), ScriptedGateway.SearchAnswer(ScriptedGateway.Location)),
        ["description"] = (
            bytes => IgdDescription.Parse(bytes, Location),
            Encoding.UTF8.GetBytes(ScriptedGateway.Description(
                ("urn:schemas-upnp-org:service:WANIPConnection:1", "/ctl"),
                ("urn:schemas-upnp-org:service:WANPPPConnection:1", "http://192.168.77.1:81/ppp")))),
        ["SOAP"] = (
            bytes => SoapReply.Parse(new HttpAnswer(200, bytes)),
            "<s:Envelope xmlns:s=\"x\"><s:Body><NewReservedPort>4747</NewReservedPort></s:Body></s:Envelope>"u8
                .ToArray()),
        ["SOAP fault"] = (
            bytes => SoapReply.Parse(new HttpAnswer(500, bytes)),
            "<s:Envelope xmlns:s=\"x\"><s:Body><s:Fault><errorCode>718</errorCode></s:Fault></s:Body></s:Envelope>"u8
                .ToArray()),
    };

    private static IEnumerable<string> Names => Readers.Keys;

    [Test]
    public void Mutated_and_random_bytes_end_in_an_answer_or_the_typed_error([ValueSource(nameof(Names))] string name)
    {
        const int Seed = 4747;
        var random = new Random(Seed);
        (Action<byte[]> read, byte[] sound) = Readers[name];
        int answers = 0;

        for (int i = 0; i < Rounds; i++)
        {
            byte[] bytes = i % 4 == 0 ? RandomBytes(random) : Mutated(sound, random);

            try
            {
                read(bytes);
                answers++;
            }
            catch (GatewayException)
            {
                // The only way to refuse.
            }
            catch (Exception other)
            {
                Assert.Fail($"seed {Seed}, round {i}, {Convert.ToHexString(bytes)}: {other}");
            }
        }

        // The fault answer is always a refusal; of the others some mutants must still be readable.
        Assert.That(answers, name == "SOAP fault" ? Is.Zero : Is.GreaterThan(0));
        Assert.That(answers, Is.LessThan(Rounds));
    }

    [Test]
    public void Every_cut_of_a_sound_answer_is_refused_or_read([ValueSource(nameof(Names))] string name)
    {
        (Action<byte[]> read, byte[] sound) = Readers[name];

        for (int length = 0; length < sound.Length; length++)
        {
            Expect(() => read(sound[..length]));
        }
    }

    [Test]
    public void A_datagram_costs_little_memory([Values("PCP", "NAT-PMP", "SSDP")] string name)
    {
        foreach (int length in new[] { 0, 1, 24, 60, 1100, 1101, 2048, 2049, 65507 })
        {
            byte[] bytes = new byte[length];
            Readers[name].Sound.AsSpan(0, Math.Min(length, Readers[name].Sound.Length)).CopyTo(bytes);
            Assert.That(Cost(() => Readers[name].Read(bytes)), Is.LessThan(DatagramBytesMax), $"{length} bytes");
        }
    }

    private static IEnumerable<TestCaseData> Bombs()
    {
        string depth = string.Concat(Enumerable.Repeat("<a>", 20_000));
        string wide = string.Concat(Enumerable.Repeat("<service><controlURL>/x</controlURL></service>", 5_000));
        string entities = "<!DOCTYPE a [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><a>&b;</a>";

        yield return new TestCaseData(depth).SetArgDisplayNames("20,000 elements deep");
        yield return new TestCaseData($"<a>{wide}</a>").SetArgDisplayNames("5,000 services");
        yield return new TestCaseData(entities).SetArgDisplayNames("entities of entities");
        yield return new TestCaseData("<!DOCTYPE a SYSTEM \"http://192.168.77.2:1/\"><a/>")
            .SetArgDisplayNames("a DTD elsewhere");
        yield return new TestCaseData("<!DOCTYPE a [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><a>&f;</a>")
            .SetArgDisplayNames("a file as entity");
        yield return new TestCaseData($"<a>{new string('x', 200_000)}</a>").SetArgDisplayNames("a long value");
        yield return new TestCaseData($"<a>{new string('x', 300_000)}</a>").SetArgDisplayNames("a longer body");
        yield return new TestCaseData($"<a {string.Concat(Enumerable.Range(0, 9000).Select(i => $"b{i}=\"\" "))}/>>")
            .SetArgDisplayNames("9,000 attributes");
        yield return new TestCaseData("<?xml version=\"1.0\" encoding=\"utf-7\"?><a>+ADw-</a")
            .SetArgDisplayNames("UTF-7");
    }

    [TestCaseSource(nameof(Bombs))]
    public void Xml_bombs_are_refused_in_bounded_memory(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Assert.That(() => IgdDescription.Parse(bytes, Location), Throws.TypeOf<GatewayException>());
        Assert.That(Cost(() => IgdDescription.Parse(bytes, Location)), Is.LessThan(BodyBytesMax));
        Assert.That(Cost(() => SoapReply.Parse(new HttpAnswer(200, bytes))), Is.LessThan(BodyBytesMax));
    }

    private static long Cost(Action read)
    {
        Expect(read);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Expect(read);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static void Expect(Action read)
    {
        try
        {
            read();
        }
        catch (GatewayException)
        {
            // As it should.
        }
    }

    private static byte[] RandomBytes(Random random)
    {
        byte[] bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Mutated(byte[] sound, Random random)
    {
        byte[] bytes = [.. sound, .. new byte[random.Next(3) == 0 ? random.Next(8) : 0]];

        for (int i = random.Next(1, 6); i > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = random.Next(3) == 0
                ? (byte)random.Next(256)
                : "<>&/:. \r\n019"u8[random.Next(12)];
        }

        return random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }
}
