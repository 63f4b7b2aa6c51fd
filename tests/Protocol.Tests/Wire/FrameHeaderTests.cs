using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Tests.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class FrameHeaderTests
{
    private static readonly FrameHeader[] Valid =
    [
        new(FrameType.Hello, 0, 0, 100, 0),
        new(FrameType.Message, FrameFlags.Open, 1, 10, 0),
        new(FrameType.Message, FrameFlags.Open | FrameFlags.Decode, 3, 0, 65536),
        new(FrameType.Message, FrameFlags.Open | FrameFlags.Bulk, uint.MaxValue, 65536, 64 << 20),
        new(FrameType.Message, 0, 2, 1, 65537),
        new(FrameType.Data, 0, 2, 0, 65536),
        new(FrameType.End, 0, 2, 0, 0),
        new(FrameType.Window, 0, 2, 0, 4),
        new(FrameType.Ping, 0, 0, 0, 8),
        new(FrameType.Pong, 0, 0, 0, 8),
        new(FrameType.Reset, 0, 2, 30, 0),
        new(FrameType.GoAway, 0, 0, 30, 0),
        new((FrameType)77, FrameFlags.MayIgnore, 5, 100, 100),
    ];

    [TestCaseSource(nameof(Valid))]
    public void A_frame_survives_the_round_trip(FrameHeader frame)
        => Assert.That(FrameHeader.Read(Bytes(frame)), Is.EqualTo(frame));

    private static readonly (string Why, FrameHeader Frame)[] Broken =
    [
        ("a hello without content", new(FrameType.Hello, 0, 0, 0, 0)),
        ("a hello on a stream", new(FrameType.Hello, 0, 1, 100, 0)),
        ("a hello too large", new(FrameType.Hello, 0, 0, 8193, 0)),
        ("a message on the link", new(FrameType.Message, FrameFlags.Open, 0, 10, 0)),
        ("a message with too large a header", new(FrameType.Message, 0, 1, 65537, 0)),
        ("a message with too large a payload", new(FrameType.Message, 0, 1, 10, (64 << 20) + 1)),
        ("a message of negative size", new(FrameType.Message, 0, 1, -1, 0)),
        ("a message of negative payload", new(FrameType.Message, 0, 1, 0, -1)),
        ("a priority without opening", new(FrameType.Message, FrameFlags.Bulk, 1, 10, 0)),
        ("data with a header", new(FrameType.Data, 0, 1, 1, 1)),
        ("data without data", new(FrameType.Data, 0, 1, 0, 0)),
        ("too much data", new(FrameType.Data, 0, 1, 0, 65537)),
        ("data that opens", new(FrameType.Data, FrameFlags.Open, 1, 0, 1)),
        ("a window of another size", new(FrameType.Window, 0, 1, 0, 8)),
        ("a ping of another size", new(FrameType.Ping, 0, 0, 0, 9)),
        ("a ping on a stream", new(FrameType.Ping, 0, 1, 0, 8)),
        ("a reset too large", new(FrameType.Reset, 0, 1, 2049, 0)),
        ("a reset of the link", new(FrameType.Reset, 0, 0, 0, 0)),
        ("nothing", new(FrameType.None, 0, 0, 0, 0)),
        ("nothing to ignore", new(FrameType.None, FrameFlags.MayIgnore, 0, 0, 0)),
        ("an unknown type", new((FrameType)77, 0, 1, 0, 0)),
        ("unknown flags", new(FrameType.End, (FrameFlags)8, 1, 0, 0)),
        ("a known type to ignore", new(FrameType.End, FrameFlags.MayIgnore, 1, 0, 0)),
        ("something large to ignore", new((FrameType)77, FrameFlags.MayIgnore, 1, 0, 65537)),
    ];

    [TestCaseSource(nameof(Broken))]
    public void A_frame_that_breaks_a_rule_or_limit_is_refused((string Why, FrameHeader Frame) broken)
        => Assert.That(() => FrameHeader.Read(Bytes(broken.Frame)), Throws.TypeOf<ProtocolException>(), broken.Why);

    [Test]
    public void Another_version_is_refused([Values(0, 2, 255)] int version)
    {
        byte[] bytes = Bytes(Valid[1]);
        bytes[0] = (byte)version;
        Assert.That(() => FrameHeader.Read(bytes), Throws.TypeOf<ProtocolException>());
    }

    [Test]
    public void Threat_5_Random_and_mutated_headers_parse_within_limits_or_are_refused()
    {
        int parsed = 0;
        Prop.ForAll(Bytes16().ToArbitrary(), bytes =>
        {
            try
            {
                var frame = FrameHeader.Read(bytes);
                parsed++;
                return frame.Header <= WireLimits.HeaderBytesMax
                    && frame.Payload <= WireLimits.PayloadBytesMax
                    && frame.PayloadHere <= WireLimits.FramePayloadBytesMax
                    && Bytes(frame).AsSpan().SequenceEqual(bytes);
            }
            catch (ProtocolException)
            {
                return true;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));

        Assert.That(parsed, Is.GreaterThan(100));
    }

    [Test]
    public void Threat_6_Hostile_headers_allocate_nothing_but_their_refusal([Values(8, 12)] int from)
    {
        const int Headers = 500_000;
        byte[] bytes = Bytes(new(FrameType.Message, FrameFlags.Open, 1, 10, 0));
        bytes.AsSpan(from).Fill(0xFF);
        long before = GC.GetAllocatedBytesForCurrentThread();

        int refused = 0;

        for (int i = 0; i < Headers; i++)
        {
            refused += Refuses(bytes) ? 1 : 0;
        }

        Assert.That(refused, Is.EqualTo(Headers));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(Headers * 4096L));
    }

    [Test]
    public void Threat_7_Random_and_mutated_messages_parse_or_are_refused()
    {
        var random = new Random(7);
        byte[] valid = Google.Protobuf.MessageExtensions.ToByteArray(new Envelope
        {
            OpenSession = new OpenSession
            {
                Ticket = new SignedTicket(),
                Sampling = new Sampling { StopIds = { 1, 2, 3 } },
            },
        });

        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = i % 2 == 0 ? [.. valid] : new byte[random.Next(200)];

            for (int flips = i % 2 == 0 ? random.Next(4) : bytes.Length; flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                _ = Protobuf.Parse(Envelope.Parser, bytes);
            }
            catch (ProtocolException)
            {
                // The one refusal there is.
            }
        }
    }

    private static bool Refuses(byte[] bytes)
    {
        try
        {
            _ = FrameHeader.Read(bytes);
            return false;
        }
        catch (ProtocolException)
        {
            return true;
        }
    }

    private static byte[] Bytes(FrameHeader frame)
    {
        byte[] bytes = new byte[FrameHeader.Size];
        frame.Write(bytes);
        return bytes;
    }

    private static Gen<byte[]> Bytes16()
    {
        Gen<byte> any = Gen.Choose(0, 255).Select(value => (byte)value);
        Gen<byte[]> noise = any.ArrayOf(FrameHeader.Size);
        Gen<byte[]> mutants =
            from frame in Gen.Elements(Valid)
            from at in Gen.Choose(0, FrameHeader.Size - 1)
            from value in any
            select Mutate(frame, at, value);

        return Gen.Frequency((1, noise), (4, mutants));
    }

    private static byte[] Mutate(FrameHeader frame, int at, byte value)
    {
        byte[] bytes = Bytes(frame);
        bytes[at] = value;
        return bytes;
    }
}
