using NUnit.Framework;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>How payloads larger than a frame come and go, part by part, against a real link.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class LinkPayloadTests
{
    private const int Announced = 200_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public async Task A_reader_who_waits_gets_every_part_in_its_place_and_runs_when_all_are_there()
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(new ManualClock());
        await peer.SendAsync(RawPeer.Message(1, announces: Announced));
        ILinkStream stream = await peer.Link.AcceptAsync(default);
        _ = await stream.ReceiveAsync(default);
        byte[] payload = Random(Announced);
        byte[] read = new byte[Announced];
        Task reading = stream.ReadPayloadAsync(read, default).AsTask();

        foreach (byte[] part in payload.Chunk(30_000))
        {
            Assert.That(reading.IsCompleted, Is.False);
            await peer.SendAsync(RawPeer.Frame(FrameType.Data, 1, payload: part));
        }

        await reading.WaitAsync(Patience);
        Assert.That(read, Is.EqualTo(payload));
        Assert.That(stream.PayloadLength, Is.Zero);
    }

    [Test]
    public async Task A_reader_who_gave_up_is_not_written_to_and_the_rest_is_skipped()
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(new ManualClock());
        await peer.SendAsync(RawPeer.Message(1, announces: Announced));
        ILinkStream stream = await peer.Link.AcceptAsync(default);
        _ = await stream.ReceiveAsync(default);
        byte[] read = new byte[Announced];
        using var stop = new CancellationTokenSource();
        Task reading = stream.ReadPayloadAsync(read, stop.Token).AsTask();
        await peer.SendAsync(RawPeer.Frame(FrameType.Data, 1, payload: Random(50_000)));
        await Waiting.UntilAsync(() => read[49_999] != 0 || read[49_998] != 0, TimeProvider.System);

        await stop.CancelAsync();
        Assert.That(await Catching.ErrorAsync(() => reading.WaitAsync(Patience)),
            Is.InstanceOf<OperationCanceledException>());
        Assert.That(stream.PayloadLength, Is.EqualTo(Announced - 50_000));
        byte[] seen = [.. read];

        foreach (byte[] part in Random(Announced - 50_000).Chunk(50_000))
        {
            await peer.SendAsync(RawPeer.Frame(FrameType.Data, 1, payload: part));
        }

        await peer.SendAsync(RawPeer.Message(1, opens: false, payload: 3));
        Assert.That(await stream.ReceiveAsync(default).AsTask().WaitAsync(Patience), Is.Not.Null);
        Assert.That(stream.PayloadLength, Is.EqualTo(3));
        Assert.That(read, Is.EqualTo(seen));
    }

    [Test]
    public async Task A_reset_within_a_payload_reaches_the_reader_who_waits_for_it()
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(new ManualClock());
        await peer.SendAsync(RawPeer.Message(1, announces: Announced));
        ILinkStream stream = await peer.Link.AcceptAsync(default);
        _ = await stream.ReceiveAsync(default);
        Task reading = stream.ReadPayloadAsync(new byte[Announced], default).AsTask();
        await peer.SendAsync(
            RawPeer.Frame(FrameType.Data, 1, payload: Random(50_000)),
            RawPeer.Frame(FrameType.Reset, 1, header: [8, 5]));

        Assert.That(await Catching.ErrorAsync(() => reading.WaitAsync(Patience)), Is.TypeOf<FaultException>());
    }

    [Test]
    public async Task What_was_waited_for_is_paid_back_as_credit()
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(new ManualClock());
        const int Bytes = 3 * WireLimits.CreditBytes;
        await peer.SendAsync(RawPeer.Message(1, announces: Bytes));
        ILinkStream stream = await peer.Link.AcceptAsync(default);
        _ = await stream.ReceiveAsync(default);
        Task reading = stream.ReadPayloadAsync(new byte[Bytes], default).AsTask();
        int credit = WireLimits.CreditBytes - RawPeer.Message(1).Length;

        for (int sent = 0; sent < Bytes;)
        {
            int part = Math.Min(WireLimits.FramePayloadBytesMax, Bytes - sent);

            while (credit < part)
            {
                (FrameHeader Header, byte[] Body)? window = await peer.ReadUntilAsync(FrameType.Window);
                credit += BitConverter.ToInt32(window!.Value.Body);
            }

            await peer.SendAsync(RawPeer.Frame(FrameType.Data, 1, payload: new byte[part]));
            credit -= part;
            sent += part;
        }

        await reading.WaitAsync(Patience);
    }

    [Test]
    public async Task The_parts_of_a_large_payload_fill_whole_writes()
    {
        await using RawPeer peer = await RawPeer.ConnectAsync(new ManualClock());
        await using ILinkStream stream = await peer.Link.OpenAsync(StreamPriority.Bulk, default);
        byte[] payload = Random(500_000);
        Task sending = stream.SendAsync(new Envelope { Step = new Step() }, payload, default).AsTask();
        (FrameHeader Header, byte[] Body)? frame = await peer.ReadUntilAsync(FrameType.Message);
        int written = FrameHeader.Size + frame!.Value.Body.Length;
        byte[] got = [];

        while (got.Length < payload.Length)
        {
            frame = await peer.ReadUntilAsync(FrameType.Data);
            got = [.. got, .. frame!.Value.Body];
            written += FrameHeader.Size + frame.Value.Body.Length;
            Assert.That(written % (64 * 1024) == 0 || got.Length == payload.Length, $"{written} bytes");
        }

        await sending.WaitAsync(Patience);
        Assert.That(got, Is.EqualTo(payload));
    }

    private static byte[] Random(int bytes)
    {
        byte[] made = new byte[bytes];
        new Random(bytes).NextBytes(made);
        return made;
    }
}
