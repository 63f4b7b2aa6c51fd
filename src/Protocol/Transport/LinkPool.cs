using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

/// <summary>Answers one incoming stream, whose first message has been read.</summary>
/// <param name="first">The message that chose this handler.</param>
/// <param name="stream">The stream; the pool disposes of it when the handler returns.</param>
/// <param name="cancel">Cancelled when the link is gone or the node stops.</param>
public delegate Task StreamHandler(Envelope first, ILinkStream stream, CancellationToken cancel);

/// <summary>
/// A node's links, one per peer: dials on demand, accepts, and hands each incoming stream to the handler of its first
/// message.
/// </summary>
public sealed partial class LinkPool : IAsyncDisposable
{
    private const int LinksGrowth = 32;

    private readonly ITransport _transport;
    private readonly NodeId _self;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly LinkPoolOptions _options;
    private readonly DialBackOff _backOff;
    private readonly HashSet<PooledLink> _links = new(ByRemote.Instance);
    private readonly HashSet<PooledLink>.AlternateLookup<NodeId> _byNode;
    private readonly Dictionary<PeerAddress, Task<DialOutcome>> _dials = [];
    private readonly CancellationTokenSource _stop = new();
    private TaskCompletionSource? _idle;
    private int _handling;

    /// <summary>A pool over a transport, for the node <paramref name="self"/>.</summary>
    public LinkPool(
        ITransport transport,
        NodeId self,
        TimeProvider time,
        ILogger? log = null,
        LinkPoolOptions? options = null)
    {
        _transport = transport;
        _self = self;
        _time = time;
        _log = log ?? NullLogger.Instance;
        _options = options ?? LinkPoolOptions.Default;
        _byNode = _links.GetAlternateLookup<NodeId>();
        Dispatch = new StreamDispatch(_log, _time, _options);
        _backOff = new DialBackOff(_time, _options);
        Handle(Envelope.BodyOneofCase.Hello, RenewAsync);
    }

    /// <summary>A link to a peer has come up, dialled or accepted.</summary>
    public event Action<ILink>? LinkUp;

    /// <summary>The link to a peer is lost, see <see cref="ILink.IsLost"/>, and there is no other to it.</summary>
    public event Action<ILink>? LinkLost;

    /// <summary>A peer says something else of itself than when its link came up.</summary>
    public event Action<ILink>? HelloRenewed;

    /// <summary>How many links are up.</summary>
    public int Count
    {
        get
        {
            lock (Gate)
            {
                return _links.Count;
            }
        }
    }

    /// <summary>The links that are up, one per peer.</summary>
    public IReadOnlyCollection<ILink> Links
    {
        get
        {
            lock (Gate)
            {
                return [.. _links.Select(pooled => pooled.Link)];
            }
        }
    }

    /// <summary>Whether nothing new may begin.</summary>
    internal bool IsStopping => _stop.IsCancellationRequested;

    /// <summary>Who answers what.</summary>
    internal StreamDispatch Dispatch { get; }

    /// <summary>Guards the links and what runs on them; never held over a call to a link.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>The link to this peer, if there is one.</summary>
    public bool TryGet(NodeId node, [NotNullWhen(true)] out ILink? link)
    {
        lock (Gate)
        {
            PooledLink? pooled = Find(node);
            link = pooled?.Link;
            pooled?.Touch(_time);
            return link is { IsClosed: false };
        }
    }

    /// <summary>Whether a link to this peer is up, which is not thereby used.</summary>
    public bool Has(NodeId node)
    {
        lock (Gate)
        {
            return Find(node) is { Link.IsClosed: false };
        }
    }

    /// <summary>
    /// Chooses who answers the streams that start with this kind of message. Before <see cref="RunAsync"/>.
    /// </summary>
    public void Handle(Envelope.BodyOneofCase first, StreamHandler handler) => Dispatch.Add(first, handler);

    /// <summary>
    /// The link to a peer: the one that is up, or a new one. Callers at the same time share one dial.
    /// </summary>
    /// <exception cref="LinkClosedException">The peer cannot be reached, or could not a moment ago.</exception>
    /// <exception cref="FaultException">The peer refused this node: another swarm, or another version.</exception>
    public async ValueTask<ILink> GetAsync(PeerAddress address, CancellationToken cancel)
    {
        DialOutcome outcome = await TryGetAsync(address, cancel);

        if (outcome.Failure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return outcome.Link!;
    }

    /// <summary>Tells every peer what this node says of itself now; who does not answer may not know.</summary>
    public Task AnnounceAsync(CancellationToken cancel)
        => Task.WhenAll(Links.Select(link => AnnounceAsync(link, cancel)));

    /// <summary>Accepts links until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);

        try
        {
            while (true)
            {
                Adopt(await _transport.AcceptAsync(stop.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or LinkClosedException)
        {
            // The node stops, or its transport is gone: no more links will come.
        }
    }

    /// <summary>Says goodbye on every link and waits, not for ever, for the handlers to end.</summary>
    public async ValueTask DisposeAsync()
    {
        PooledLink[] links;
        Task idle;

        lock (Gate)
        {
            links = [.. _links];
            _links.Clear();
            // Completed outside the lock, on the thread that ends the last handler: a simulation has no other.
            _idle = new TaskCompletionSource();
            idle = _handling == 0 ? Task.CompletedTask : _idle.Task;
        }

        _stop.Cancel();

        foreach (PooledLink link in links)
        {
            link.Stop();
            await link.Link.DisposeAsync();
        }

        try
        {
            await idle.WaitAsync(_options.StopMax, _time, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            LinkPoolLog.HandlersDoNotEnd(_log, _options.StopMax);
        }
    }

    private async Task AnnounceAsync(ILink link, CancellationToken cancel)
    {
        try
        {
            _ = await link.RequestAsync(
                new Envelope { Hello = _transport.Hello }, StreamPriority.Control, _options.DialMax, _time, cancel);
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            // Gone, slow, or of a version that does not listen: its next link brings the news.
        }
    }

    private async Task RenewAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        if (first.Hello.CalculateSize() > Wire.WireLimits.HelloBytesMax)
        {
            throw new ProtocolException($"A Hello has more than {Wire.WireLimits.HelloBytesMax} bytes.");
        }

        if (Hellos.Refusal(_transport.Hello, first.Hello) is { } refusal)
        {
            throw new FaultException(refusal);
        }

        stream.Link.Renew(first.Hello);
        HelloRenewed?.Invoke(stream.Link);
        await stream.SendAsync(new Envelope { Hello = _transport.Hello }, default, cancel);
        await stream.EndAsync(cancel);
    }

    /// <summary>The link is gone; another to the same peer may be in its place already.</summary>
    internal void OnClosed(PooledLink pooled)
    {
        bool wasLast;

        lock (Gate)
        {
            wasLast = Find(pooled.Link.Remote) == pooled;
            _ = wasLast && _links.Remove(pooled);

            _ = _punched?.Remove(pooled.Link);
        }

        LinkPoolLog.LinkDown(_log, pooled.Link.Remote);

        if (wasLast && pooled.Link.IsLost)
        {
            LinkLost?.Invoke(pooled.Link);
        }
    }

    /// <summary>A handler begins. Under <see cref="Gate"/>.</summary>
    internal void Enter() => _handling++;

    /// <summary>A handler has ended. Not under <see cref="Gate"/>.</summary>
    internal void Exit()
    {
        TaskCompletionSource? idle;

        lock (Gate)
        {
            idle = --_handling == 0 ? _idle : null;
        }

        _ = idle?.TrySetResult();
    }

    private PooledLink? Find(NodeId node)
        => _byNode.TryGetValue(node, out PooledLink? pooled) ? pooled : null;

    // Returns the link to use: the new one, or the one it loses against.
    private ILink Adopt(ILink link)
    {
        var pooled = new PooledLink(this, link, _time.GetTimestamp());
        ILink? loser = null;
        ILink winner = link;

        lock (Gate)
        {
            PooledLink? held = Find(link.Remote);

            if (held is { Link.IsClosed: false })
            {
                (winner, loser) = Prefers(held.Link, link) ? (held.Link, link) : (link, held.Link);
            }

            if (winner == link)
            {
                _ = held is not null && _links.Remove(held);
                Keep(pooled);
            }
        }

        // Both are served: what the peer began on the loser comes to its end.
        link.Serve(pooled);

        if (loser is not null)
        {
            _ = RetireAsync(loser);
        }

        LinkPoolLog.LinkUp(_log, link.Remote, link.IsDialler);
        CloseIdlest(winner);
        LinkUp?.Invoke(link);
        return winner;
    }

    private void Keep(PooledLink pooled)
    {
        if (_links.Count == _links.Capacity)
        {
            // Doubled, a set of hundreds would be mostly empty.
            _ = _links.EnsureCapacity(_links.Count + LinksGrowth);
        }

        _ = _links.Add(pooled);
    }

    // The link that lost against another to the same peer ends when what runs on it has ended.
    private async Task RetireAsync(ILink link)
    {
        try
        {
            do
            {
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(link.Closed, _stop.Token);
                await Task.Delay(_options.RetireGrace, _time, stop.Token);
            }
            while (link.OpenStreams > 0);

            link.Abort(FaultCode.Cancelled, "Another link to the same peer is in use.");
        }
        catch (OperationCanceledException)
        {
            // Gone already.
        }
    }

    // A few at once, so that not every new link has to look at all the others.
    private void CloseIdlest(ILink except)
    {
        int count = 1 + (_options.LinksMax / 16);
        var idlest = new List<PooledLink>();

        lock (Gate)
        {
            if (_links.Count <= _options.LinksMax)
            {
                return;
            }

            foreach (PooledLink pooled in _links)
            {
                if ((idlest.Count < count || pooled.LastUsed < idlest[^1].LastUsed)
                    && pooled.Link != except
                    && pooled.Link.OpenStreams == 0
                    && !_pinned.Contains(pooled.Link.Remote))
                {
                    idlest.Insert(idlest.FindLastIndex(other => other.LastUsed <= pooled.LastUsed) + 1, pooled);

                    if (idlest.Count > count)
                    {
                        idlest.RemoveAt(count);
                    }
                }
            }
        }

        foreach (PooledLink pooled in idlest)
        {
            pooled.Link.Abort(FaultCode.Busy, "Too many idle links.");
        }
    }
}
