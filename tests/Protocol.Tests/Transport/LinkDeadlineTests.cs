using NUnit.Framework;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>A link waits for nothing for ever: its peer is the test, its clock is moved by hand.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class LinkDeadlineTests
{
    [Test]
    public async Task A_peer_that_is_silent_after_a_ping_is_given_up()
    {
        var clock = new ManualClock();
        await using RawPeer peer = await RawPeer.ConnectAsync(clock);
        Assert.That(await peer.ReadUntilAsync(FrameType.Ping), Is.Not.Null);

        clock.Advance(TimeSpan.FromSeconds(9));
        Assert.That(peer.Link.Closed.IsCancellationRequested, Is.False);
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.That(peer.Link.WhyClosed, Does.Contain("not been heard"));
    }

    [Test]
    public async Task A_peer_that_answers_pings_lives_on_and_its_round_trip_is_known()
    {
        var clock = new ManualClock();
        await using RawPeer peer = await RawPeer.ConnectAsync(clock);
        await peer.SendAsync(RawPeer.Message(1));

        for (int i = 0; i < 20; i++)
        {
            byte[] ping = (await peer.ReadUntilAsync(FrameType.Ping))!.Value.Body;
            clock.Advance(TimeSpan.FromMilliseconds(30));
            await AnswerAsync(peer, ping);
            clock.Advance(TimeSpan.FromMilliseconds(970));
        }

        Assert.That(peer.Link.Closed.IsCancellationRequested, Is.False);
        Assert.That(
            peer.Link.RoundTrip, Is.EqualTo(TimeSpan.FromMilliseconds(30)).Within(TimeSpan.FromMilliseconds(1)));
    }

    [Test]
    public async Task Threat_8_A_frame_that_does_not_end_ends_the_link([Values(1, 15, 16, 500)] int bytes)
    {
        var clock = new ManualClock();
        await using RawPeer peer = await RawPeer.ConnectAsync(clock);
        await peer.SendAsync(RawPeer.Message(1, payload: 1000)[..bytes]);
        await Waiting.UntilAsync(() => peer.Began, TimeProvider.System);

        clock.Advance(TimeSpan.FromSeconds(12));
        Assert.That(peer.Link.WhyClosed, Does.Contain("does not finish its frame").Or.Contain("not been heard"));
    }

    [Test]
    [NonParallelizable]
    public async Task Threat_8_A_thousand_who_send_a_byte_a_second_are_all_gone_in_fifteen_seconds_and_cost_no_more()
    {
        var clock = new ManualClock();
        List<RawPeer> slow = [];

        for (int i = 0; i < 1000; i++)
        {
            slow.Add(await RawPeer.ConnectAsync(clock));
        }

        byte[] frame = RawPeer.Message(1, payload: 1000);
        long[] held = new long[15];

        for (int second = 0; second < held.Length; second++)
        {
            foreach (RawPeer peer in slow.Where(peer => peer.Link.WhyClosed is null))
            {
                _ = await Catching.ErrorAsync(() => peer.SendAsync([frame[second]]));
            }

            // Only then has each link the buffer that it holds while a frame goes on.
            await Waiting.UntilAsync(
                () => slow.TrueForAll(peer => peer.HasRead || peer.Link.WhyClosed is not null), TimeProvider.System);
            held[second] = second is 1 or 8 ? await SettledMemoryAsync() : 0;
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(
            slow.Select(peer => peer.Link.WhyClosed),
            Is.All.Matches<string?>(why => why?.Contains("does not finish", StringComparison.Ordinal) == true
                || why?.Contains("not been heard", StringComparison.Ordinal) == true));
        Assert.That(held[8] - held[1], Is.LessThan(1 << 20), "memory is flat: a KiB for each at most");

        foreach (RawPeer peer in slow)
        {
            await peer.DisposeAsync();
        }
    }

    [Test]
    public async Task Threat_9_A_peer_that_does_not_read_ends_the_link()
    {
        var clock = new ManualClock();
        await using RawPeer peer = await RawPeer.ConnectAsync(clock);
        await peer.SendAsync(RawPeer.Message(1));
        await using ILinkStream stream = await peer.Link.AcceptAsync(default);
        await peer.SendAsync(RawPeer.Frame(FrameType.Window, 1, payload: BitConverter.GetBytes(15 << 20)));
        Task<Exception?> sending = Catching.ErrorAsync(async () =>
            await stream.SendAsync(new Envelope { ModelPart = new ModelPart() }, new byte[60 << 20], default));

        while (peer.Link.WhyClosed is null)
        {
            // It goes on talking, but its receive buffer is full.
            await peer.SendAsync(RawPeer.Frame(FrameType.Pong, 0, payload: new byte[8]));
            await HeardAsync(peer);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.That(peer.Link.WhyClosed, Does.Contain("does not read"));
        Assert.That(await sending, Is.TypeOf<LinkClosedException>());
    }

    [Test]
    public async Task A_stream_that_nobody_uses_is_reset_and_the_link_lives()
    {
        var clock = new ManualClock();
        await using RawPeer peer = await RawPeer.ConnectAsync(clock);
        await peer.SendAsync(RawPeer.Message(1));
        await using ILinkStream stream = await peer.Link.AcceptAsync(default);
        Assert.That(await stream.ReceiveAsync(default), Is.Not.Null);

        // A link with an open stream pings every second.
        for (int i = 0; i < 602; i++)
        {
            await AnswerAsync(peer, (await peer.ReadUntilAsync(FrameType.Ping))!.Value.Body);
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        var error = await Catching.ErrorAsync(async () => await stream.ReceiveAsync(default)) as FaultException;
        Assert.That(error?.Code, Is.EqualTo(FaultCode.Timeout));
        Assert.That(peer.Link.Closed.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task A_stream_whose_peer_never_ends_its_side_does_not_linger()
    {
        var clock = new ManualClock();
        await using RawPeer peer = await RawPeer.ConnectAsync(clock);
        await peer.SendAsync(RawPeer.Message(1));
        await (await peer.Link.AcceptAsync(default)).DisposeAsync();
        byte[] ping = (await peer.ReadUntilAsync(FrameType.Ping))!.Value.Body;
        Assert.That(await peer.ReadUntilAsync(FrameType.End), Is.Not.Null);
        Assert.That(peer.Link.OpenStreams, Is.EqualTo(1));

        for (int i = 0; i < 12 && peer.Link.OpenStreams > 0; i++)
        {
            await AnswerAsync(peer, ping);
            clock.Advance(TimeSpan.FromSeconds(1));
            ping = peer.Link.OpenStreams == 0 ? ping : (await peer.ReadUntilAsync(FrameType.Ping))!.Value.Body;
        }

        Assert.That(peer.Link.OpenStreams, Is.Zero);
        Assert.That(await peer.ReadUntilAsync(FrameType.Reset), Is.Not.Null);
    }

    // Of the whole process, in which nothing else is tested meanwhile: what earlier tests and the run itself leave behind
    // comes and goes, so it is measured until two measurements in a row agree.
    private static async Task<long> SettledMemoryAsync()
    {
        long memory = 0;
        await Waiting.UntilAsync(
            () =>
            {
                long before = memory;
                memory = GC.GetTotalMemory(forceFullCollection: true);
                return Math.Abs(memory - before) < 1 << 16;
            },
            TimeProvider.System);
        return memory;
    }

    // The link reads in order: once the test's own ping is answered, the pong before it has been read.
    private static async Task AnswerAsync(RawPeer peer, byte[] ping)
    {
        await peer.SendAsync(RawPeer.Frame(FrameType.Pong, 0, payload: ping));
        await peer.SendAsync(RawPeer.Frame(FrameType.Ping, 0, payload: new byte[8]));
        Assert.That(await peer.ReadUntilAsync(FrameType.Pong), Is.Not.Null);
    }

    private static Task HeardAsync(RawPeer peer)
        => Waiting.UntilAsync(() => !peer.Began || peer.Link.WhyClosed is not null, TimeProvider.System);
}
