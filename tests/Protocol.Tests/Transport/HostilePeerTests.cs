using NUnit.Framework;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>What a member with a valid identity may try (THREATS rows 5 to 12), against a real link.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class HostilePeerTests
{
    private static IEnumerable<Breach> Breaches()
    {
        byte[] open = RawPeer.Message(1);
        byte[] openLarge = RawPeer.Message(1, announces: 200_000);
        byte[] data = RawPeer.Frame(FrameType.Data, 1, payload: new byte[1000]);
        byte[] end = RawPeer.Frame(FrameType.End, 1);

        yield return new(12, "a second hello", RawPeer.Frame(FrameType.Hello, 0, header: [8, 1]));
        yield return new(5, "data for a stream that never was", data);
        yield return new(5, "a message that does not open", RawPeer.Message(1, opens: false));
        yield return new(
            5, "a window for a stream that never was", RawPeer.Frame(FrameType.Window, 9, payload: [1, 0, 0, 0]));
        yield return new(5, "a reset of a stream that never was", RawPeer.Frame(FrameType.Reset, 9));
        yield return new(5, "the end of a stream that never was", RawPeer.Frame(FrameType.End, 9));
        yield return new(5, "a stream with the other side's number", RawPeer.Message(2));
        yield return new(5, "a stream opened twice", open, open);
        yield return new(5, "a stream opened backwards", RawPeer.Message(5), RawPeer.Message(3));
        yield return new(5, "data on the link itself", RawPeer.Frame(FrameType.Data, 0, payload: [1]));
        yield return new(5, "a ping on a stream", RawPeer.Frame(FrameType.Ping, 1, payload: new byte[8]));
        yield return new(5, "an unknown type", RawPeer.Frame((FrameType)99, 1));
        yield return new(5, "another version", [2, .. open.AsSpan(1)]);
        yield return new(5, "a zeroed frame", new byte[16]);
        yield return new(6, "an enormous header", RawPeer.Frame(FrameType.Message, 1, FrameFlags.Open, announces: -1));
        yield return new(5, "data that nobody announced", open, data);
        yield return new(6, "more data than announced", RawPeer.Message(1, announces: 65_537),
            RawPeer.Frame(FrameType.Data, 1, payload: new byte[65_536]), data);
        yield return new(5, "a message within a payload", openLarge, RawPeer.Message(1, opens: false));
        yield return new(5, "an end within a payload", openLarge, data, end);
        yield return new(5, "two ends", open, end, end);
        yield return new(5, "a message after the end", open, end, RawPeer.Message(1, opens: false));
        yield return new(11, "no credit granted", open, RawPeer.Frame(FrameType.Window, 1, payload: new byte[4]));
        yield return new(11, "too much credit granted", open,
            RawPeer.Frame(FrameType.Window, 1, payload: [0, 0, 0, 1]));
        yield return new(
            11, "negative credit granted", open, RawPeer.Frame(FrameType.Window, 1, payload: [255, 255, 255, 255]));
        yield return new(11, "more than the credit", Enumerable.Range(0, 17)
            .Select(i => RawPeer.Message(1, opens: i == 0, payload: 65_536)).ToArray());
        yield return new(5, "a message that does not parse",
            RawPeer.Frame(FrameType.Message, 1, FrameFlags.Open, header: [0xFF, 0xFF, 0xFF]));
        yield return new(5, "a fault that does not parse", open, RawPeer.Frame(FrameType.Reset, 1, header: [0xFF]));
        yield return new(7, "deep nesting", RawPeer.Frame(FrameType.Message, 1, FrameFlags.Open, header: Nested()));
        yield return new(7, "a field as long as the largest number",
            RawPeer.Frame(FrameType.Message, 1, FrameFlags.Open, header: [0xBA, 1, 255, 255, 255, 255, 7, 0x1A]));
        yield return new(
            11, "a flood of pings",
            Enumerable.Repeat(RawPeer.Frame(FrameType.Ping, 0, payload: new byte[8]), 30).ToArray());
        byte[] groups = [.. Enumerable.Repeat<byte[]>([0x9B, 0x06, 0x9C, 0x06], 16_000).SelectMany(group => group)];
        yield return new(7, "thousands of groups, the last one open",
            RawPeer.Frame(FrameType.Message, 1, FrameFlags.Open, header: groups[..^2]));
    }

    private static IEnumerable<Breach> Of(int row) => Breaches().Where(breach => breach.Row == row);

    private static IEnumerable<Breach> Malformed() => Of(5);

    private static IEnumerable<Breach> Oversized() => Of(6);

    private static IEnumerable<Breach> Bombs() => Of(7);

    private static IEnumerable<Breach> Floods() => Of(11);

    private static IEnumerable<Breach> SecondHellos() => Of(12);

    [TestCaseSource(nameof(Malformed))]
    public Task Threat_5_A_malformed_frame_ends_the_link_with_its_reason(Breach breach) => BreachAsync(breach);

    [TestCaseSource(nameof(Oversized))]
    public Task Threat_6_An_oversized_frame_ends_the_link_with_its_reason(Breach breach) => BreachAsync(breach);

    [TestCaseSource(nameof(Bombs))]
    public Task Threat_7_A_bomb_of_a_message_ends_the_link_with_its_reason(Breach breach) => BreachAsync(breach);

    [TestCaseSource(nameof(Floods))]
    public Task Threat_11_Pings_without_end_and_false_credit_end_the_link_with_their_reason(Breach breach)
        => BreachAsync(breach);

    [TestCaseSource(nameof(SecondHellos))]
    public Task Threat_12_A_second_Hello_ends_the_link_with_its_reason(Breach breach) => BreachAsync(breach);

    private static async Task BreachAsync(Breach breach)
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(TimeProvider.System);
        await peer.SendAsync(breach.Frames);

        (FrameHeader, byte[] Body)? goodbye = await peer.ReadUntilAsync(FrameType.GoAway);
        Assert.That(goodbye, Is.Not.Null);
        Assert.That(Protobuf.Parse(Fault.Parser, goodbye!.Value.Body).Code, Is.EqualTo(FaultCode.Protocol));
        Assert.That(peer.Link.Closed.IsCancellationRequested);
    }

    private static IEnumerable<Breach> Courtesies()
    {
        yield return new(5, "a type that may be ignored",
            RawPeer.Frame((FrameType)99, 7, FrameFlags.MayIgnore, new byte[50_000], new byte[50_000]));
        yield return new(5, "streams that skip numbers", RawPeer.Message(3), RawPeer.Message(99));
        yield return new(5, "a reset of a stream that has been", RawPeer.Message(1), RawPeer.Frame(FrameType.Reset, 1),
            RawPeer.Frame(FrameType.Reset, 1), RawPeer.Frame(FrameType.End, 1),
            RawPeer.Message(1, opens: false, payload: 70));
        yield return new(5, "all the credit", Enumerable.Range(0, 15)
            .Select(i => RawPeer.Message(1, opens: i == 0, payload: 65_536)).ToArray());
        yield return new(5, "a pong nobody asked for", RawPeer.Frame(FrameType.Pong, 0, payload: new byte[8]));
        yield return new(
            5, "fields from a later version", RawPeer.Frame(FrameType.Message, 1, FrameFlags.Open, [0xFA, 0x3F, 1, 7]));
    }

    [TestCaseSource(nameof(Courtesies))]
    public async Task What_the_protocol_allows_leaves_the_link_up(Breach courtesy)
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(TimeProvider.System);
        await peer.SendAsync(courtesy.Frames);
        await peer.SendAsync(RawPeer.Frame(FrameType.Ping, 0, payload: [1, 2, 3, 4, 5, 6, 7, 8]));

        (FrameHeader, byte[] Body)? pong = await peer.ReadUntilAsync(FrameType.Pong);
        Assert.That(pong?.Body, Is.EqualTo(new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 }));
        Assert.That(peer.Link.Closed.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task Streams_beyond_the_backlog_are_refused_and_the_link_lives()
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(TimeProvider.System);

        for (uint i = 0; i <= WireLimits.BacklogMax; i++)
        {
            await peer.SendAsync(RawPeer.Message(1 + (2 * i)));
        }

        (FrameHeader Header, byte[] Body)? reset = await peer.ReadUntilAsync(FrameType.Reset);
        Assert.That(reset?.Header.Stream, Is.EqualTo(1 + (2 * WireLimits.BacklogMax)));
        Assert.That(Protobuf.Parse(Fault.Parser, reset!.Value.Body).Code, Is.EqualTo(FaultCode.Busy));
        Assert.That(peer.Link.Closed.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task Threat_10_Streams_opened_only_to_be_reset_end_the_link()
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(new ManualClock());
        byte[] ping = RawPeer.Frame(FrameType.Ping, 0, payload: new byte[WireLimits.PingBytes]);
        (FrameHeader, byte[])? answer = (default, []);
        uint opened = 0;

        // A million were the plan. After each part the link is heard: what socket buffers hold does not count.
        while (answer is not null && opened < 1_000_000)
        {
            byte[] part = [.. Enumerable.Range(0, 256).Select(_ => 1 + (2 * opened++)).SelectMany(stream =>
                RawPeer.Message(stream).Concat(RawPeer.Frame(FrameType.Reset, stream)))];
            _ = await Catching.ErrorAsync(() => peer.SendAsync(part, ping));
            answer = await peer.ReadUntilAsync(FrameType.Pong);
        }

        Assert.That(opened, Is.InRange(WireLimits.ResetsPerSecondMax, 2 * WireLimits.ResetsPerSecondMax));
        Assert.That(peer.Link.WhyClosed, Does.Contain("only to reset them"));
    }

    [Test]
    public async Task A_reset_overtakes_what_waits_for_credit()
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(TimeProvider.System);
        await using ILinkStream stream = await peer.Link.OpenAsync(StreamPriority.Bulk, default);
        Task<Exception?> sending = Catching.ErrorAsync(async () =>
            await stream.SendAsync(new Envelope { ModelPart = new ModelPart() }, new byte[8 << 20], default));
        int data = 0;

        while (data < WireLimits.CreditBytes - WireLimits.FramePayloadBytesMax)
        {
            data += (await peer.ReadUntilAsync(FrameType.Data))!.Value.Body.Length;
        }

        stream.Reset(FaultCode.Cancelled, "no longer wanted");
        Assert.That(await peer.ReadUntilAsync(FrameType.Reset), Is.Not.Null);
        Assert.That(await sending, Is.TypeOf<FaultException>());
        Assert.That(data, Is.LessThanOrEqualTo(WireLimits.CreditBytes));
    }

    [Test]
    public async Task A_sender_never_exceeds_its_credit_and_goes_on_when_it_is_granted()
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(TimeProvider.System);
        await using ILinkStream stream = await peer.Link.OpenAsync(StreamPriority.Bulk, default);
        const int Size = 3 << 20;
        Task sending = SendAsync();
        int granted = WireLimits.CreditBytes;
        (FrameHeader Header, byte[] Body) first = (await peer.ReadUntilAsync(FrameType.Message))!.Value;
        int used = WireLimits.MessageCreditBytes + first.Header.Header;
        int data = 0;

        while (data < Size)
        {
            int read = (await peer.ReadUntilAsync(FrameType.Data))!.Value.Body.Length;
            data += read;
            used += read;
            Assert.That(used, Is.LessThanOrEqualTo(granted));

            if (granted - used == 0)
            {
                granted += 100_000;
                await peer.SendAsync(
                    RawPeer.Frame(FrameType.Window, first.Header.Stream, payload: BitConverter.GetBytes(100_000)));
            }
        }

        await sending;

        async Task SendAsync() => await stream.SendAsync(
            new Envelope { ModelPart = new ModelPart() }, new byte[Size], default);
    }

    [Test]
    public async Task A_control_message_overtakes_bulk()
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(TimeProvider.System);
        await using ILinkStream bulk = await peer.Link.OpenAsync(StreamPriority.Bulk, default);
        await using ILinkStream control = await peer.Link.OpenAsync(StreamPriority.Control, default);
        Task sending = SendAsync(bulk, 32 << 20);
        (FrameHeader Header, byte[] Body) first = (await peer.ReadUntilAsync(FrameType.Message))!.Value;
        await SendAsync(control, 0);
        await peer.SendAsync(
            RawPeer.Frame(FrameType.Window, first.Header.Stream, payload: BitConverter.GetBytes(8 << 20)));

        // The bulk stream has megabytes to go; the control message comes among the first of them.
        int before = 0;

        while ((await peer.Reader.NextAsync(default))!.Value is var frame && frame.Type != FrameType.Message)
        {
            await peer.Reader.SkipAsync(frame.Header + frame.PayloadHere, default);
            before += frame.Payload;
        }

        Assert.That(before, Is.LessThanOrEqualTo(WireLimits.CreditBytes));
        bulk.Reset(FaultCode.Cancelled, "enough");
        Assert.That(await Catching.ErrorAsync(() => sending), Is.TypeOf<FaultException>());

        static async Task SendAsync(ILinkStream stream, int size) => await stream.SendAsync(
            new Envelope { ModelPart = new ModelPart() }, new byte[size], default);
    }

    [Test]
    public async Task Threat_5_Any_bytes_end_in_a_closed_link_and_no_other_way([Range(0, 19)] int seed)
    {
        var random = new Random(seed);

        for (int turn = 0; turn < 100; turn++)
        {
            List<byte> script = [];

            for (int frames = random.Next(1, 12); frames > 0; frames--)
            {
                script.AddRange(RandomFrame(random));
            }

            byte[] bytes = [.. script];

            for (int flips = random.Next(3); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            Link link = ScriptedLink.Play(bytes);
            await link.Gone.WaitAsync(TimeSpan.FromSeconds(20));
            Assert.That(link.WhyClosed, Is.Not.Null, $"seed {seed}, turn {turn}");
            Assert.That(link.OpenStreams, Is.Zero, $"seed {seed}, turn {turn}");
        }
    }

    private static byte[] RandomFrame(Random random)
    {
        uint stream = (uint)(1 + (2 * random.Next(3)));

        return random.Next(8) switch
        {
            0 or 1 => RawPeer.Message(stream, payload: random.Next(3000)),
            2 => RawPeer.Message(stream, opens: false, payload: random.Next(3000)),
            3 => RawPeer.Message(stream, announces: 65_536 + random.Next(100_000)),
            4 => RawPeer.Frame(FrameType.Data, stream, payload: new byte[random.Next(1, 4000)]),
            5 => RawPeer.Frame(FrameType.End, stream),
            6 => RawPeer.Frame(FrameType.Window, stream, payload: BitConverter.GetBytes(random.Next(1, 1000))),
            _ => RawPeer.Frame(FrameType.Reset, stream, header: [8, 5]),
        };
    }

    private static byte[] Nested()
    {
        byte[] nested = [];

        // Groups within groups of a field nobody knows: what costs a parser its stack.
        for (int depth = 0; depth < 1000; depth++)
        {
            nested = [0x9B, 0x06, .. nested];
        }

        return nested;
    }

    public sealed record Breach(int Row, string What, params byte[][] Frames)
    {
        public override string ToString() => $"row {Row}: {What}";
    }
}
