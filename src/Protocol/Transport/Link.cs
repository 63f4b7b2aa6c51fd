using System.Diagnostics;
using System.Threading.Channels;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>
/// A link over an authenticated byte stream. One lock guards the state of the link and all its streams.
/// </summary>
internal sealed partial class Link : ILink
{
    private readonly Stream _connection;
    private readonly FrameReader _reader;
    private readonly Bearer _bearer;
    private readonly LinkMembership? _membership;
    private readonly TimeProvider _time;
    private readonly Dictionary<uint, LinkStream> _streams = [];
    private readonly Channel<ILinkStream> _accepted = Channel.CreateBounded<ILinkStream>(WireLimits.BacklogMax);
    private readonly CancellationTokenSource _closed = new();
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private uint _nextStream;
    private uint _lastOfPeer;
    private readonly HashSet<LinkStream> _unopened = [];
    private string? _whyClosed;

    private Link(LinkConnection connection, NodeId remote, Hello hello, bool dials, TimeProvider time)
    {
        _membership = connection.Membership;
        _connection = connection.Stream;
        _bearer = connection.Bearer;
        _reader = connection.Reader;
        _time = time;
        Remote = remote;
        RemoteHello = hello;
        Relay = connection.Bearer.Relay;
        SeenByRelay = connection.Bearer.SeenByRelay;
        IsFromListener = connection.Bearer.IsFromListener;
        SeenAt = connection.Bearer.SeenAt is { } seen ? seen with { Node = remote } : null;
        IsDialler = dials;
        Closed = _closed.Token;
        _nextStream = dials ? 1u : 2u;
        _watch = time.CreateTimer(
            static link => ((Link)link!).Watch(),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    public NodeId Remote { get; }

    public Hello RemoteHello { get; private set; }

    public PeerAddress? SeenAt { get; }

    public NodeId? Relay { get; }

    public PeerAddress? SeenByRelay { get; }

    public bool IsFromListener { get; }

    public bool IsDialler { get; }

    public CancellationToken Closed { get; }

    public bool IsLost { get; private set; }

    public int OpenStreams
    {
        get
        {
            lock (Gate)
            {
                return _streams.Count + _unopened.Count;
            }
        }
    }

    internal Lock Gate { get; } = new();

    internal long Now => _time.GetTimestamp();

    /// <summary>Ends when the connection is closed and nothing of the link runs any more.</summary>
    internal Task Gone => _gone.Task;

    /// <summary>Why the link is closed; null while it is up.</summary>
    internal string? WhyClosed => _whyClosed;

    /// <summary>Brings a link up over a connection whose Hellos have been exchanged.</summary>
    internal static Link Start(LinkConnection connection, NodeId remote, Hello hello, bool dials, TimeProvider time)
    {
        var link = new Link(connection, remote, hello, dials, time);
        _ = link.ReadAllAsync();
        link.StartWatch();
        return link;
    }

    public void Renew(Hello hello) => RemoteHello = hello.Renewing(RemoteHello);

    public ValueTask<ILinkStream> OpenAsync(StreamPriority priority, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();

        lock (Gate)
        {
            ThrowIfClosed();

            if (_streams.Count + _unopened.Count >= WireLimits.StreamsMax)
            {
                throw new FaultException(FaultCode.Busy, "Too many streams are open on this link.");
            }

            var stream = new LinkStream(this, priority, Now);
            _ = _unopened.Add(stream);
            return new(stream);
        }
    }

    public ValueTask<ILinkStream> AcceptAsync(CancellationToken cancel)
        => _accepted.Reader.NextAsync(() => _whyClosed ?? "The link is closed.", cancel);

    public void Abort(FaultCode code, string reason) => Close(reason, new Fault { Code = code, Message = reason });

    /// <summary>
    /// The keys of this private swarm have changed: proves the new ones to the peer, or ends the link when none of
    /// them is a key that the peer has proved.
    /// </summary>
    internal void RenewMembership()
    {
        if (_membership is not { Holds: true })
        {
            Abort(FaultCode.OtherSwarm, "The swarm key that let this link in is no longer accepted.");
            return;
        }

        lock (Gate)
        {
            if (_whyClosed is null)
            {
                Enqueue(FrameType.Membership, 0, [], _membership.Prove());
            }
        }

        Kick();
    }

    /// <summary>Whether the peer has proved a key that is accepted now.</summary>
    internal bool IsMember => _membership is { Holds: true };

    /// <summary>The first of this node's keys that the peer has proved, too; null in a public swarm.</summary>
    internal SwarmKey? SharedKey => _membership?.Shared;

    public async ValueTask DisposeAsync()
    {
        Abort(FaultCode.Leaving, "The peer closed the link.");
        await Gone;
    }

    /// <summary>Ends the link without a word, as a process that dies does.</summary>
    internal void Sever()
    {
        _bearer.Sever();
        Close("This node is gone.", goodbye: null);
        EndConnection();
    }

    internal void Close(string why, Fault? goodbye, bool isLost = false)
    {
        lock (Gate)
        {
            if (_whyClosed is not null)
            {
                return;
            }

            _whyClosed = why;
            IsLost = isLost;

            foreach (LinkStream stream in (LinkStream[])[.. _streams.Values, .. _unopened])
            {
                stream.OnLinkClosed();
            }

            _streams.Clear();
            _unopened.Clear();
            ClearOutbound();

            if (goodbye is not null)
            {
                EnqueueFault(FrameType.GoAway, 0, goodbye);
            }

            _ = _watch.Change(LinkTimes.GoodbyeMax, Timeout.InfiniteTimeSpan);
        }

        _ = _accepted.Writer.TryComplete();
        _closed.Cancel();
        Kick();
    }

    internal void ThrowIfClosed()
    {
        if (_whyClosed is not null)
        {
            throw new LinkClosedException(_whyClosed);
        }
    }

    /// <summary>
    /// Gives a stream of this side its number, when its first frame is written: numbers only grow on the wire.
    /// </summary>
    internal uint Number(LinkStream stream)
    {
        Debug.Assert(Gate.IsHeldByCurrentThread);
        uint id = _nextStream;
        _nextStream += 2;
        _ = _unopened.Remove(stream);
        _streams.Add(id, stream);
        return id;
    }

    internal void Forget(LinkStream stream)
    {
        Debug.Assert(Gate.IsHeldByCurrentThread);

        _ = stream.Id == 0 ? _unopened.Remove(stream) : _streams.Remove(stream.Id);
    }

    private void EndConnection()
    {
        _watch.Dispose();
        _connection.Dispose();
        _ = _gone.TrySetResult();
    }
}
