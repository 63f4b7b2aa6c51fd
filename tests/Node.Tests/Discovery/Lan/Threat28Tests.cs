using NUnit.Framework;
using Swarm.Node.Discovery.Lan.Wire;

namespace Swarm.Node.Tests.Discovery.Lan;

/// <summary>Row 28 of the threats: packets made to cost time and memory.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class Threat28Tests
{
    // What 256 records with the longest names there are may cost.
    private const int BytesPerPacketMax = 512 * 1024;

    private const int Question = 0;
    private const int Answer = 1;

    private static readonly (string Why, byte[] Packet)[] Bombs =
    [
        ("nothing", []),
        ("half a header", new byte[11]),
        ("more than any packet", Header(9001)),
        ("65,535 questions in nothing", Header(12, (Question, 65535))),
        ("65,535 records in nothing", Header(12, (Answer, 65535))),
        ("257 entries", Header(9000, (Question, 128), (Answer, 129))),
        ("a name that points at itself", [.. Header(12, (Question, 1)), 0xC0, 12, 0, 1, 0, 1]),
        ("a name that points forwards", [.. Header(12, (Question, 1)), 0xC0, 14, 0, 0, 1, 0, 1]),
        ("a name that points into the header", [.. Header(12, (Question, 1)), 0xC0, 4, 0, 1, 0, 1]),
        ("a name that points beyond the end", [.. Header(12, (Question, 1)), 0xFF, 0xFF, 0, 1, 0, 1]),
        ("half a pointer", [.. Header(12, (Question, 1)), 0xC0]),
        ("two names that point at one another",
            [.. Header(12, (Question, 2)), 1, (byte)'a', 0xC0, 20, 0, 1, 0, 1, 1, (byte)'b', 0xC0, 12, 0, 1, 0, 1]),
        ("a name that comes back to its own beginning", [.. Header(12, (Question, 1)), 1, (byte)'a', 0xC0, 12]),
        ("a label beyond the end", [.. Header(12, (Question, 1)), 63, 1, 2, 3]),
        ("a label of a kind nobody knows", [.. Header(12, (Question, 1)), 0x40, 0, 0, 1, 0, 1]),
        ("a name of 300 bytes", [.. Header(12, (Question, 1)), .. Labels(5), 0, 0, 1, 0, 1]),
        ("a name that grows too long by a pointer", Grown()),
        ("a question without a class", [.. Header(12, (Question, 1)), 0, 0, 1]),
        ("a record longer than the packet", [.. Header(12, (Answer, 1)), 0, 0, 16, 0, 1, 0, 0, 0, 9, 0xFF, 0xFF]),
        ("a text longer than its record", [.. Header(12, (Answer, 1)), 0, 0, 16, 0, 1, 0, 0, 0, 9, 0, 2, 200, 1]),
        ("an address of three bytes", [.. Header(12, (Answer, 1)), 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 3, 1, 2, 3]),
        ("a service without a target", [.. Header(12, (Answer, 1)), 0, 0, 33, 0, 1, 0, 0, 0, 9, 0, 6, 0, 0, 0, 0, 0, 1]),
        ("a target that ends before its record",
            [.. Header(12, (Answer, 1)), 0, 0, 12, 0, 1, 0, 0, 0, 9, 0, 3, 0, 0, 0]),
        ("a target that ends after its record", [.. Header(12, (Answer, 1)), 0, 0, 12, 0, 1, 0, 0, 0, 9, 0, 1, 1, 65, 0]),
        ("an operation", [0, 0, 0x28, 0, .. new byte[8]]),
        ("an error", [0, 0, 0x80, 3, .. new byte[8]]),
    ];

    private static IEnumerable<TestCaseData> Cases()
        => Bombs.Select(bomb => new TestCaseData(bomb.Packet).SetArgDisplayNames(bomb.Why));

    [TestCaseSource(nameof(Cases))]
    public void Threat_28_A_bomb_is_refused(byte[] packet) => Assert.That(DnsPackets.Refuses(packet));

    [Test]
    public void Threat_28_The_costliest_packet_that_may_be_read_takes_bounded_memory()
    {
        // One name of 255 bytes, and 255 records that point at it with name and target.
        var packet = new List<byte>(Header(12, (Question, 1), (Answer, 255)));
        packet.AddRange([.. Labels(3), 61, .. new byte[61], 0, 0, 1, 0, 1]);

        for (int i = 0; i < 255; i++)
        {
            packet.AddRange([0xC0, 12, 0, 12, 0, 1, 0, 0, 0, 9, 0, 2, 0xC0, 12]);
        }

        Assert.That(packet, Has.Count.LessThan(DnsLimits.PacketBytesMax));
        byte[] bytes = [.. packet];
        _ = DnsReader.Read(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();

        for (int i = 0; i < 100; i++)
        {
            _ = DnsReader.Read(bytes);
        }

        Assert.That((GC.GetAllocatedBytesForCurrentThread() - before) / 100, Is.LessThan(BytesPerPacketMax));
    }

    [Test]
    public void Threat_28_Noise_and_mutants_end_in_the_one_exception_and_bounded_memory([Range(1, 4)] int seed)
    {
        var random = new Random(seed);
        byte[][] valid = [.. FsCheck.Fluent.Gen.Sample(DnsPackets.Any.Generator, 50, 20)
            .Select(message => DnsPackets.Write(message))];

        for (int i = 0; i < 25_000; i++)
        {
            byte[] packet = i % 4 == 0 ? new byte[random.Next(600)] : [.. valid[random.Next(valid.Length)]];

            for (int flips = i % 4 == 0 ? packet.Length : 1 + random.Next(4); flips > 0 && packet.Length > 0; flips--)
            {
                packet[random.Next(packet.Length)] = (byte)random.Next(256);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            _ = DnsPackets.Refuses(packet);
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(BytesPerPacketMax), $"seed {seed}");
        }
    }

    private static byte[] Header(int length, params (int Section, ushort Count)[] counts)
    {
        byte[] packet = new byte[length];

        foreach ((int section, ushort count) in counts)
        {
            packet[4 + (2 * section)] = (byte)(count >> 8);
            packet[5 + (2 * section)] = (byte)count;
        }

        return packet;
    }

    private static byte[] Labels(int count)
        => [.. Enumerable.Repeat((byte[])[63, .. Enumerable.Repeat((byte)'a', 63)], count).SelectMany(label => label)];

    private static byte[] Grown()
        => [.. Header(12, (Question, 2)), .. Labels(3), 0, 0, 1, 0, 1, .. Labels(1), 0xC0, 12, 0, 1, 0, 1];
}
