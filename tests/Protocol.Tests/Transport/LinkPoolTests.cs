using System.Collections.Concurrent;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

[TestFixture("tcp")]
[TestFixture("memory")]
[Parallelizable(ParallelScope.All)]
public sealed class LinkPoolTests(string kind)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly Envelope Question = new() { FetchModel = new FetchModel() };

    [Test]
    public async Task A_request_is_answered_and_the_link_is_used_again()
    {
        await using var scene = new Scene(kind);
        Member one = scene.Join();
        Member other = scene.Join();
        ILink first = await one.Pool.GetAsync(other.Address, default);
        ILink second = await one.Pool.GetAsync(other.Address with { Node = null }, default);
        ILink third = await one.Pool.GetAsync(other.Address, default);

        Assert.That(third, Is.SameAs(second).Or.SameAs(first));
        Assert.That((await AskAsync(third)).ModelPart.Offset, Is.EqualTo(7));
        Assert.That(one.Pool.TryGet(other.Id, out _));
    }

    [Test]
    public async Task Callers_at_the_same_time_share_one_dial()
    {
        await using var scene = new Scene(kind);
        Member one = scene.Join();
        Member other = scene.Join();
        int up = 0;
        other.Pool.LinkUp += _ => Interlocked.Increment(ref up);

        ILink[] links = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(async _ => await one.Pool.GetAsync(other.Address, default)));

        Assert.That(links.Distinct().Count(), Is.EqualTo(1));
        _ = await AskAsync(links[0]);
        Assert.That(up, Is.EqualTo(1));
    }

    [Test]
    public async Task Two_who_dial_each_other_at_once_end_with_the_same_one_link()
    {
        await using var scene = new Scene(kind);

        for (int turn = 0; turn < 5; turn++)
        {
            Member one = scene.Join();
            Member other = scene.Join();
            await Task.WhenAll(TalkAsync(one, other), TalkAsync(other, one));

            await Waiting.UntilAsync(() => one.Live.Count == 1 && other.Live.Count == 1, TimeProvider.System);
            ILink left = one.Pool.Links.Single();
            ILink right = other.Pool.Links.Single();
            Assert.That(left.IsDialler, Is.Not.EqualTo(right.IsDialler));
            Assert.That((await AskAsync(left)).ModelPart.Offset, Is.EqualTo(7));
        }

        static async Task TalkAsync(Member from, Member to)
            => _ = await AskAsync(await from.Pool.GetAsync(to.Address, default));
    }

    [Test]
    public async Task What_a_handler_throws_reaches_the_asker_as_a_fault_and_the_link_lives()
    {
        await using var scene = new Scene(kind);
        Member one = scene.Join();
        Member other = scene.Join();
        ILink link = await one.Pool.GetAsync(other.Address, default);

        var fault = await FaultOf(link, new Envelope { OpenSession = new OpenSession { Stage = 9 } });
        Assert.That(fault, Is.EqualTo(new Fault { Code = FaultCode.NoRoom, Message = "full", RetryAfterMs = 50 }));
        fault = await FaultOf(link, new Envelope { Truncate = new Truncate() });
        Assert.That(fault?.Code, Is.EqualTo(FaultCode.Internal));
        Assert.That(fault?.Message, Does.Not.Contain("secret"));
        fault = await FaultOf(link, new Envelope { Store = new Store() });
        Assert.That(fault?.Code, Is.EqualTo(FaultCode.NotServed));
        fault = await FaultOf(link, new Envelope { Leave = new Leave() });
        Assert.That(fault?.Code, Is.EqualTo(FaultCode.NotServed), "a handler that says nothing");

        Assert.That((await AskAsync(link)).ModelPart.Offset, Is.EqualTo(7));
    }

    [Test]
    public async Task An_asker_who_gives_up_cancels_the_work()
    {
        await using var scene = new Scene(kind);
        Member one = scene.Join();
        Member other = scene.Join();
        ILink link = await one.Pool.GetAsync(other.Address, default);
        var slow = new Envelope { Probe = new Probe() };

        Exception? late = await Catching.ErrorAsync(async () => await link.RequestAsync(
            slow, StreamPriority.Control, TimeSpan.FromMilliseconds(50), TimeProvider.System, default));
        Assert.That((late as FaultException)?.Code, Is.EqualTo(FaultCode.Timeout));

        using var cancel = new CancellationTokenSource();
        Task<Exception?> asking = Catching.ErrorAsync(async () => await link.RequestAsync(
            slow, StreamPriority.Control, Patience, TimeProvider.System, cancel.Token));
        await Waiting.UntilAsync(() => other.Waiting == 2, TimeProvider.System);
        await cancel.CancelAsync();
        Assert.That(await asking.WaitAsync(Patience), Is.InstanceOf<OperationCanceledException>());
        await Waiting.UntilAsync(() => other.Cancelled == 2, TimeProvider.System);
    }

    [Test]
    public async Task An_address_that_failed_is_left_alone_for_a_moment()
    {
        await using var scene = new Scene(kind);
        Member one = scene.Join();
        Member other = scene.Join();
        PeerAddress gone = other.Address;
        await other.Transport.DisposeAsync();

        string first = (await Catching.ErrorAsync(async () => await one.Pool.GetAsync(gone, default)))!.Message;
        string second = (await Catching.ErrorAsync(async () => await one.Pool.GetAsync(gone, default)))!.Message;
        Assert.That(first, Does.Not.Contain("a moment ago"));
        Assert.That(second, Does.Contain("a moment ago"));
    }

    [Test]
    public async Task A_node_does_not_dial_itself()
    {
        await using var scene = new Scene(kind);
        Member one = scene.Join();

        Assert.That(await Catching.ErrorAsync(async () => await one.Pool.GetAsync(one.Address, default)),
            Is.TypeOf<LinkClosedException>());
        Assert.That(
            await Catching.ErrorAsync(async () => await one.Pool.GetAsync(one.Address with { Node = null }, default)),
            Is.TypeOf<LinkClosedException>());
        await Waiting.UntilAsync(() => one.Pool.Links.Count == 0, TimeProvider.System);
    }

    [Test]
    public async Task Handlers_beyond_the_limit_are_refused_as_busy()
    {
        await using var scene = new Scene(kind);
        Member one = scene.Join();
        Member other = scene.Join(new LinkPoolOptions { HandlersPerLinkMax = 2 });
        ILink link = await one.Pool.GetAsync(other.Address, default);
        var slow = new Envelope { Probe = new Probe() };
        using var cancel = new CancellationTokenSource();

        Task<Exception?>[] asking = [.. Enumerable.Range(0, 2).Select(_ => Catching.ErrorAsync(async () =>
            await link.RequestAsync(slow, StreamPriority.Control, Patience, TimeProvider.System, cancel.Token)))];
        await Waiting.UntilAsync(() => other.Waiting == 2, TimeProvider.System);

        Assert.That((await FaultOf(link, slow))?.Code, Is.EqualTo(FaultCode.Busy));
        await cancel.CancelAsync();
        _ = await Task.WhenAll(asking);
        await Waiting.UntilAsync(() => other.Cancelled == 2, TimeProvider.System);
        Assert.That((await AskAsync(link)).ModelPart.Offset, Is.EqualTo(7));
    }

    [Test]
    public async Task The_link_idle_the_longest_goes_when_there_are_too_many()
    {
        await using var scene = new Scene(kind);
        Member one = scene.Join(new LinkPoolOptions { LinksMax = 3 });
        Member[] others = [.. Enumerable.Range(0, 4).Select(_ => scene.Join())];
        int lost = 0;
        one.Pool.LinkLost += _ => Interlocked.Increment(ref lost);
        others[0].Pool.LinkLost += _ => Interlocked.Increment(ref lost);

        foreach (Member other in others)
        {
            _ = await AskAsync(await one.Pool.GetAsync(other.Address, default));
            await Waiting.UntilAsync(() => one.Pool.Links.All(link => link.OpenStreams == 0), TimeProvider.System);
        }

        await Waiting.UntilAsync(() => one.Pool.Links.Count == 3, TimeProvider.System);
        Assert.That(one.Pool.TryGet(others[0].Id, out _), Is.False);
        await Waiting.UntilAsync(() => others[0].Pool.Links.Count == 0, TimeProvider.System);
        Assert.That(lost, Is.Zero, "it is not used any more, and both are there");
    }

    [Test]
    public async Task A_pool_disposed_of_says_goodbye_and_dials_no_more()
    {
        await using var scene = new Scene(kind);
        Member one = scene.Join();
        Member other = scene.Join();
        var lost = new TaskCompletionSource<NodeId>(TaskCreationOptions.RunContinuationsAsynchronously);
        other.Pool.LinkLost += link => lost.TrySetResult(link.Remote);
        ILink link = await one.Pool.GetAsync(other.Address, default);
        _ = await AskAsync(link);
        await one.Pool.DisposeAsync();

        Assert.That(link.Closed.IsCancellationRequested);
        await Waiting.UntilAsync(() => other.Pool.Links.Count == 0, TimeProvider.System);
        Assert.That(await lost.Task.WaitAsync(Patience), Is.EqualTo(one.Id));
        Assert.That(await Catching.ErrorAsync(async () => await one.Pool.GetAsync(other.Address, default)),
            Is.TypeOf<ObjectDisposedException>());
    }

    private static async Task<Envelope> AskAsync(ILink link)
        => await link.RequestAsync(Question, StreamPriority.Control, Patience, TimeProvider.System, default);

    private static async Task<Fault?> FaultOf(ILink link, Envelope question)
    {
        Exception? error = await Catching.ErrorAsync(async () => await link.RequestAsync(
            question, StreamPriority.Control, Patience, TimeProvider.System, default));
        return (error as FaultException)?.Fault;
    }

    private sealed class Scene(string kind) : IAsyncDisposable
    {
        private readonly TransportPair _pair = new(kind);
        private readonly List<Member> _members = [];

        public Member Join(LinkPoolOptions? options = null)
        {
            (ITransport transport, NodeId id) = _pair.Make();
            var member = new Member(transport, id, options);
            _members.Add(member);
            return member;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (Member member in _members)
            {
                await member.Pool.DisposeAsync();
            }

            await _pair.DisposeAsync();
        }
    }

    private sealed class Member
    {
        private readonly ConcurrentBag<ILink> _seen = [];
        private int _waiting;
        private int _cancelled;

        public Member(ITransport transport, NodeId id, LinkPoolOptions? options)
        {
            (Transport, Id) = (transport, id);
            Pool = new LinkPool(transport, id, TimeProvider.System, options: options);
            Pool.LinkUp += _seen.Add;
            Pool.Handle(Envelope.BodyOneofCase.FetchModel, async (_, stream, cancel) =>
                await stream.SendAsync(new Envelope { ModelPart = new ModelPart { Offset = 7 } }, default, cancel));
            Pool.Handle(Envelope.BodyOneofCase.OpenSession, (_, _, _) =>
                throw new FaultException(new Fault { Code = FaultCode.NoRoom, Message = "full", RetryAfterMs = 50 }));
            Pool.Handle(Envelope.BodyOneofCase.Truncate, (_, _, _) => throw new InvalidOperationException("a secret"));
            Pool.Handle(Envelope.BodyOneofCase.Leave, (_, _, _) => Task.CompletedTask);
            Pool.Handle(Envelope.BodyOneofCase.Probe, async (first, stream, cancel) =>
            {
                _ = Interlocked.Increment(ref _waiting);

                try
                {
                    while (true)
                    {
                        // The asker has ended its side; only its reset can be heard.
                        Assert.That(await stream.ReceiveAsync(cancel), Is.Null.And.Not.EqualTo(first));
                        await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, cancel);
                    }
                }
                finally
                {
                    _ = Interlocked.Increment(ref _cancelled);
                }
            });

            _ = Pool.RunAsync(CancellationToken.None);
        }

        public ITransport Transport { get; }

        public NodeId Id { get; }

        public LinkPool Pool { get; }

        public PeerAddress Address => Transport.Addresses[0];

        public int Waiting => Volatile.Read(ref _waiting);

        public int Cancelled => Volatile.Read(ref _cancelled);

        public List<ILink> Live => [.. _seen.Where(link => !link.Closed.IsCancellationRequested)];
    }
}
