using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>What every transport promises, whatever carries the bytes.</summary>
[TestFixture("tcp")]
[TestFixture("memory")]
[Parallelizable(ParallelScope.All)]
public sealed class LinkContractTests(string kind)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public async Task Messages_and_payloads_of_any_size_arrive_as_they_were_sent()
    {
        await using var pair = new TransportPair(kind);
        (ILink one, ILink other) = await pair.ConnectAsync();
        await using ILinkStream sender = await one.OpenAsync(StreamPriority.Decode, default);
        int[] sizes = [0, 1, 15, 16384, 65535, 65536, 65537, 300_000, 1_048_576, 5_000_000];

        Task sending = SendAllAsync();
        await using ILinkStream receiver = await other.AcceptAsync(default);

        foreach (int size in sizes)
        {
            Envelope? message = await receiver.ReceiveAsync(default);
            Assert.That(message?.ModelPart.Offset, Is.EqualTo((ulong)size));
            Assert.That(receiver.PayloadLength, Is.EqualTo(size));
            byte[] payload = new byte[size];
            await receiver.ReadPayloadAsync(payload, default);
            Assert.That(payload.AsSpan().SequenceEqual(Payload(size)));
        }

        Assert.That(await receiver.ReceiveAsync(default), Is.Null);
        await sending;

        async Task SendAllAsync()
        {
            foreach (int size in sizes)
            {
                await sender.SendAsync(Message(size), Payload(size), default);
            }

            await sender.EndAsync(default);
        }
    }

    [Test]
    public async Task An_ended_side_still_receives()
    {
        await using var pair = new TransportPair(kind);
        (ILink one, ILink other) = await pair.ConnectAsync();
        ILinkStream asker = await one.OpenAsync(StreamPriority.Control, default);
        await asker.SendAsync(Message(1), default, default);
        await asker.EndAsync(default);

        ILinkStream answerer = await other.AcceptAsync(default);
        Assert.That((await answerer.ReceiveAsync(default))?.ModelPart.Offset, Is.EqualTo(1));
        Assert.That(await answerer.ReceiveAsync(default), Is.Null);
        await answerer.SendAsync(Message(2), default, default);
        await answerer.EndAsync(default);

        Assert.That((await asker.ReceiveAsync(default))?.ModelPart.Offset, Is.EqualTo(2));
        Assert.That(await asker.ReceiveAsync(default), Is.Null);
        await answerer.DisposeAsync();
        await asker.DisposeAsync();
        await Waiting.UntilAsync(() => one.OpenStreams == 0 && other.OpenStreams == 0, TimeProvider.System);
    }

    [Test]
    public async Task An_unread_payload_is_skipped()
    {
        await using var pair = new TransportPair(kind);
        (ILink one, ILink other) = await pair.ConnectAsync();
        await using ILinkStream sender = await one.OpenAsync(StreamPriority.Bulk, default);
        Task sending = SendAsync();
        await using ILinkStream receiver = await other.AcceptAsync(default);

        for (int i = 0; i < 8; i++)
        {
            Assert.That((await receiver.ReceiveAsync(default))?.ModelPart.Offset, Is.EqualTo((ulong)i));
        }

        await sending;

        async Task SendAsync()
        {
            for (int i = 0; i < 8; i++)
            {
                await sender.SendAsync(Message(i), Payload(400_000 + i), default);
            }
        }
    }

    [Test]
    public async Task A_reset_reaches_the_peer_with_all_its_fields_and_discards_what_was_sent()
    {
        await using var pair = new TransportPair(kind);
        (ILink one, ILink other) = await pair.ConnectAsync();
        ILinkStream sender = await one.OpenAsync(StreamPriority.Control, default);
        await sender.SendAsync(Message(1), default, default);
        ILinkStream receiver = await other.AcceptAsync(default);

        var fault = new Fault { Code = FaultCode.PositionMismatch, Message = "elsewhere", Position = 7, Epoch = 3 };
        receiver.Reset(fault);

        var seen = await ErrorAsync(async () => await sender.ReceiveAsync(default)) as FaultException;
        Assert.That(seen?.Fault, Is.EqualTo(fault));
        Assert.That(await ErrorAsync(async () => await sender.SendAsync(Message(2), default, default)),
            Is.TypeOf<FaultException>());
        Assert.That(await ErrorAsync(async () => await receiver.ReceiveAsync(default)), Is.TypeOf<FaultException>());
        Assert.That((one.OpenStreams, other.OpenStreams), Is.EqualTo((0, 0)));
        Assert.That(one.Closed.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task A_reader_that_never_reads_stops_its_sender_and_no_one_else()
    {
        await using var pair = new TransportPair(kind);
        (ILink one, ILink other) = await pair.ConnectAsync();
        ILinkStream stuck = await one.OpenAsync(StreamPriority.Control, default);
        using var enough = new CancellationTokenSource();
        int sent = 0;
        Task flood = FloodAsync();

        await Waiting.UntilAsync(() => sent >= 14, TimeProvider.System);
        ILinkStream unread = await other.AcceptAsync(default);
        await using ILinkStream free = await one.OpenAsync(StreamPriority.Bulk, default);
        await free.SendAsync(Message(5), Payload(60_000), default);
        await using ILinkStream read = await other.AcceptAsync(default);
        Assert.That((await read.ReceiveAsync(default))?.ModelPart.Offset, Is.EqualTo(5));

        Assert.That(sent * 65_536, Is.LessThanOrEqualTo(WireLimits.CreditBytes));
        Assert.That(flood.IsCompleted, Is.False);
        unread.Reset(FaultCode.Busy, "enough");
        Assert.That(await ErrorAsync(() => flood), Is.TypeOf<FaultException>());

        async Task FloodAsync()
        {
            while (true)
            {
                await stuck.SendAsync(Message(0), Payload(65_536), enough.Token);
                sent++;
            }
        }
    }

    [Test]
    public async Task An_aborted_link_ends_everything_on_both_sides()
    {
        await using var pair = new TransportPair(kind);
        (ILink one, ILink other) = await pair.ConnectAsync();
        ILinkStream sender = await one.OpenAsync(StreamPriority.Control, default);
        await sender.SendAsync(Message(1), default, default);
        ILinkStream receiver = await other.AcceptAsync(default);
        _ = await receiver.ReceiveAsync(default);
        Task waiting = ErrorlessAsync(async () => await receiver.ReceiveAsync(default));

        one.Abort(FaultCode.Leaving, "the reason");

        Assert.That(await ErrorAsync(() => waiting.WaitAsync(Patience)), Is.TypeOf<LinkClosedException>());
        Assert.That(other.Closed.IsCancellationRequested);
        Assert.That((one.IsLost, other.IsLost), Is.EqualTo((false, true)), "only the other side has lost anything");
        var error = await ErrorAsync(async () => await other.AcceptAsync(default)) as LinkClosedException;
        Assert.That(error?.Message, Does.Contain("the reason"));
        Assert.That(await ErrorAsync(async () => await one.OpenAsync(StreamPriority.Control, default)),
            Is.TypeOf<LinkClosedException>());
        Assert.That(await ErrorAsync(async () => await sender.SendAsync(Message(1), default, default)),
            Is.TypeOf<LinkClosedException>());
    }

    [Test]
    public async Task Threat_13_A_killed_node_leaves_its_peers_with_closed_links()
    {
        await using var pair = new TransportPair(kind);
        (ITransport one, _) = pair.Make();
        (ITransport other, _) = pair.Make();
        Task<ILink> accepted = TransportPair.AcceptAsync(other);
        ILink link = await one.DialAsync(other.Addresses[0], default);
        _ = await accepted;
        ILinkStream stream = await link.OpenAsync(StreamPriority.Decode, default);
        await stream.SendAsync(Message(1), default, default);
        Task<Exception?> waiting = ErrorAsync(async () => await stream.ReceiveAsync(default));

        TransportPair.Kill(other);

        Assert.That(await waiting.WaitAsync(Patience), Is.TypeOf<LinkClosedException>());
        Assert.That(link.Closed.IsCancellationRequested);
        Assert.That(link.IsLost);
        Assert.That(await ErrorAsync(async () => await one.DialAsync(other.Addresses[0], default)),
            Is.TypeOf<LinkClosedException>());
    }

    [Test]
    public async Task Threat_4_A_node_with_another_identity_than_dialled_is_refused()
    {
        await using var pair = new TransportPair(kind);
        (ITransport one, _) = pair.Make();
        (ITransport other, NodeId id) = pair.Make();
        PeerAddress wrong = other.Addresses[0] with { Node = TestIdentity.Node(1) };

        var error = await ErrorAsync(async () => await one.DialAsync(wrong, default)) as LinkClosedException;
        Assert.That(error?.Message, Does.Contain(id.ToString()));
    }

    [Test]
    public async Task A_node_of_another_swarm_or_version_is_refused_with_its_fault([Values] bool swarm)
    {
        await using var pair = new TransportPair(kind);
        (ITransport one, _) = pair.Make();
        (ITransport other, _) = pair.Make(swarm ? "another" : "test", hello =>
        {
            hello.ProtocolMin = swarm ? hello.ProtocolMin : 9;
            hello.ProtocolMax = swarm ? hello.ProtocolMax : 9;
        });

        var error = await ErrorAsync(async () => await one.DialAsync(other.Addresses[0], default)) as FaultException;
        Assert.That(error?.Code, Is.EqualTo(swarm ? FaultCode.OtherSwarm : FaultCode.Version));
        Assert.That(error?.Message, swarm
            ? Does.Contain("another swarm")
            : Does.Contain("protocol 1 to 1").And.Contain("9 to 9").And.Contain("must be updated"));
    }

    [Test]
    public async Task Nobody_listening_is_a_closed_link()
    {
        await using var pair = new TransportPair(kind);
        (ITransport one, _) = pair.Make(listens: false);
        (ITransport other, _) = pair.Make();
        PeerAddress gone = other.Addresses[0];
        await other.DisposeAsync();

        Assert.That(one.Addresses, Is.Empty);
        Assert.That(await ErrorAsync(async () => await one.DialAsync(gone, default)), Is.TypeOf<LinkClosedException>());
        Assert.That(await ErrorAsync(async () => await other.AcceptAsync(default)), Is.TypeOf<LinkClosedException>());
    }

    [Test]
    public async Task Both_sides_open_streams_at_once_and_each_gets_its_own_answers()
    {
        await using var pair = new TransportPair(kind);
        (ILink one, ILink other) = await pair.ConnectAsync();
        Task[] echoes = [EchoAllAsync(one, 50), EchoAllAsync(other, 50)];

        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => AskAsync(i % 2 == 0 ? one : other, i)));
        await Task.WhenAll(echoes).WaitAsync(Patience);
        await Waiting.UntilAsync(() => one.OpenStreams == 0 && other.OpenStreams == 0, TimeProvider.System);

        static async Task AskAsync(ILink link, int i)
        {
            await using ILinkStream stream = await link.OpenAsync((StreamPriority)(i % 3), default);

            for (int turn = 0; turn < 5; turn++)
            {
                byte[] payload = Payload((i * 1777) + turn);
                await stream.SendAsync(Message(i), payload, default);
                Assert.That((await stream.ReceiveAsync(default))?.ModelPart.Offset, Is.EqualTo((ulong)i));
                byte[] answer = new byte[stream.PayloadLength];
                await stream.ReadPayloadAsync(answer, default);
                Assert.That(answer.AsSpan().SequenceEqual(payload));
            }
        }

        static async Task EchoAllAsync(ILink link, int streams)
        {
            var echoes = new List<Task>();

            for (int i = 0; i < streams; i++)
            {
                echoes.Add(EchoAsync(await link.AcceptAsync(default)));
            }

            await Task.WhenAll(echoes);
        }

        static async Task EchoAsync(ILinkStream stream)
        {
            await using (stream)
            {
                while (await stream.ReceiveAsync(default) is { } message)
                {
                    byte[] payload = new byte[stream.PayloadLength];
                    await stream.ReadPayloadAsync(payload, default);
                    await stream.SendAsync(message, payload, default);
                }
            }
        }
    }

    [Test]
    public async Task A_stream_disposed_of_with_unread_messages_frees_both_sides()
    {
        await using var pair = new TransportPair(kind);
        (ILink one, ILink other) = await pair.ConnectAsync();
        ILinkStream sender = await one.OpenAsync(StreamPriority.Control, default);
        await sender.SendAsync(Message(1), Payload(100_000), default);
        ILinkStream receiver = await other.AcceptAsync(default);
        await receiver.DisposeAsync();

        for (int i = 0; i < 30; i++)
        {
            await sender.SendAsync(Message(1), Payload(100_000), default);
        }

        Assert.That(await sender.ReceiveAsync(default), Is.Null);
        await sender.DisposeAsync();
        await Waiting.UntilAsync(() => one.OpenStreams == 0 && other.OpenStreams == 0, TimeProvider.System);
    }

    [Test]
    public async Task A_wait_can_be_cancelled_and_the_stream_goes_on()
    {
        await using var pair = new TransportPair(kind);
        (ILink one, ILink other) = await pair.ConnectAsync();
        await using ILinkStream asker = await one.OpenAsync(StreamPriority.Control, default);
        await asker.SendAsync(Message(1), default, default);
        using var cancel = new CancellationTokenSource();
        Task<Exception?> waiting = ErrorAsync(async () => await asker.ReceiveAsync(cancel.Token));
        await cancel.CancelAsync();
        Assert.That(await waiting.WaitAsync(Patience), Is.InstanceOf<OperationCanceledException>());

        await using ILinkStream answerer = await other.AcceptAsync(default);
        await answerer.SendAsync(Message(2), default, default);
        Assert.That((await asker.ReceiveAsync(default))?.ModelPart.Offset, Is.EqualTo(2));
    }

    private static Envelope Message(int offset) => new() { ModelPart = new ModelPart { Offset = (ulong)offset } };

    private static byte[] Payload(int size)
    {
        byte[] bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        return bytes;
    }

    private static Task<Exception?> ErrorAsync(Func<Task> action)
        => Catching.ErrorAsync(() => action().WaitAsync(Patience));

    private static Task ErrorlessAsync(Func<Task> action) => action();
}
