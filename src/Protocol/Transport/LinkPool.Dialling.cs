using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Relaying;

namespace Swarm.Protocol.Transport;

// The ways to a peer: at one of several addresses, through a relay, and then without it.
public sealed partial class LinkPool
{
    // Happy eyeballs (RFC 8305): the next address is tried when the one before has not answered for so long.
    private static readonly TimeSpan Stagger = TimeSpan.FromMilliseconds(250);

    private readonly HashSet<NodeId> _pinned = [];
    private readonly Dictionary<NodeId, Task> _meetings = [];
    private HashSet<ILink>? _punched;

    /// <summary>Whose links these are.</summary>
    public NodeId Self => _self;

    /// <summary>What is tried over a link that came up through a relay, so that there is one without.</summary>
    internal Func<ILink, CancellationToken, Task>? Relayed { get; set; }

    /// <summary>How a link of this pool came through.</summary>
    public LinkWay WayOf(ILink link)
    {
        lock (Gate)
        {
            return link.Relay is not null ? LinkWay.Relayed
                : _punched?.Contains(link) == true ? LinkWay.Punched
                : LinkWay.Direct;
        }
    }

    /// <summary>
    /// The link to a peer that says it is at these addresses: the one that is up, or the first that comes up. Its own
    /// addresses are tried before those of relays.
    /// </summary>
    /// <exception cref="LinkClosedException">The peer cannot be reached at any.</exception>
    /// <exception cref="FaultException">The peer refused this node.</exception>
    public ValueTask<ILink> GetAsync(IReadOnlyList<PeerAddress> addresses, CancellationToken cancel)
        => addresses.Count == 1
            ? GetAsync(addresses[0], cancel)
            : RaceAsync([.. addresses.OrderBy(address => address.Relay is not null)], GetAsync, cancel);

    /// <summary>
    /// As <see cref="GetAsync(PeerAddress, CancellationToken)"/>, for who asks many of whom some are gone: to throw and
    /// catch for each of them would be a good part of all work.
    /// </summary>
    public async ValueTask<DialOutcome> TryGetAsync(PeerAddress address, CancellationToken cancel)
    {
        if (cancel.IsCancellationRequested)
        {
            return new(null, new OperationCanceledException(cancel));
        }

        if (address.Node == _self)
        {
            return new(null, new LinkClosedException("A node does not dial itself."));
        }

        if (address.Node is { } node && TryGet(node, out ILink? link))
        {
            return new(link.Relay is null ? link : await MetAsync(link, cancel));
        }

        Task<DialOutcome>? dial;

        lock (Gate)
        {
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);

            if (!_dials.TryGetValue(address, out dial))
            {
                if (_backOff.Refusal(address) is { } tooSoon)
                {
                    return new(null, new LinkClosedException(tooSoon));
                }

                dial = DialAsync(address);
                _dials.Add(address, dial);
            }
        }

        Task<DialOutcome> wait = dial.WaitAsync(cancel);
        await ((Task)wait).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return wait.IsCanceled ? new(null, new OperationCanceledException(cancel)) : await wait;
    }

    /// <summary>A link of its own to a peer, whatever links there are, from the first address that answers.</summary>
    internal ValueTask<ILink> DialFirstAsync(IReadOnlyList<PeerAddress> addresses, CancellationToken cancel)
        => RaceAsync(addresses, async (address, stop) => Adopt(await _transport.DialAsync(address, stop)), cancel);

    /// <summary>
    /// A link of its own to a peer, from the port this node listens at, in the place of the one there is.
    /// </summary>
    internal async Task<ILink> RedialAsync(PeerAddress address, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(_options.DialMax, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _stop.Token, cancel);

        try
        {
            return Adopt(await _transport.DialFromListenerAsync(address, stop.Token));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new LinkClosedException($"{address} did not answer in time.");
        }
    }

    /// <summary>
    /// A link to a peer that dials this node at the same time, at one of the addresses where it is seen.
    /// </summary>
    /// <exception cref="LinkClosedException">There was no way through.</exception>
    internal async Task<ILink> PunchAsync(
        IReadOnlyList<PeerAddress> addresses, bool leads, TimeSpan after, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(after + RelayTimes.PunchMax, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _stop.Token, cancel);
        List<Task<ILink>> running = [.. addresses.Select(address => PunchOneAsync(address, leads, after, stop.Token))];
        Exception why = new LinkClosedException("The peer is seen nowhere.");

        // All at once: routers wait for nobody.
        while (running.Count > 0)
        {
            Task<ILink> ended = await Task.WhenAny(running);
            _ = running.Remove(ended);

            try
            {
                ILink link = await ended;
                stop.Cancel();
                return link;
            }
            catch (Exception e) when (e is LinkClosedException or FaultException or OperationCanceledException)
            {
                cancel.ThrowIfCancellationRequested();
                why = e;
            }
        }

        throw why is OperationCanceledException
            ? new LinkClosedException("There was no way through in time.", why)
            : why;
    }

    /// <summary>The link to this peer is not closed for being idle.</summary>
    internal void Pin(NodeId peer)
    {
        lock (Gate)
        {
            _ = _pinned.Add(peer);
        }
    }

    /// <summary>It may be closed again.</summary>
    internal void Unpin(NodeId peer)
    {
        lock (Gate)
        {
            _ = _pinned.Remove(peer);
        }
    }

    // Not cancelled with its first caller: others may wait for the same dial. Tells a failure and throws none.
    private async Task<DialOutcome> DialAsync(PeerAddress address)
    {
        using var stop = new CancellationTokenSource(_options.DialMax, _time);
        using CancellationTokenRegistration stopped = _stop.Token.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).Cancel(), stop);

        try
        {
            // The caller holds the lock: what follows must not run inside it.
            await Task.Yield();
            ILink link = address.Relay is null
                ? await _transport.DialAsync(address, stop.Token)
                : await DialThroughAsync(address, stop.Token);
            _backOff.Succeeded(address);

            if (link.Remote == _self)
            {
                link.Abort(FaultCode.Cancelled, "A node does not dial itself.");
                throw new LinkClosedException($"{address} is this node itself.");
            }

            ILink adopted = Adopt(link);
            return new(adopted.Relay is null ? adopted : await MeetAsync(adopted));
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            _backOff.Failed(address);
            return new(null, new LinkClosedException(
                $"{address} did not answer within {_options.DialMax.TotalSeconds} s."));
        }
        catch (OperationCanceledException)
        {
            return new(null, new LinkClosedException("This node is stopping."));
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            _backOff.Failed(address);
            return new(null, e);
        }
        finally
        {
            lock (Gate)
            {
                _ = _dials.Remove(address);
            }
        }
    }

    // The relay first, then the node behind it.
    private async Task<ILink> DialThroughAsync(PeerAddress address, CancellationToken cancel)
    {
        NodeId node = address.Node
            ?? throw new LinkClosedException($"{address} does not say which node is behind the relay.");
        ILink relay = await GetAsync(address.Via, cancel);

        if (relay.Relay is not null)
        {
            throw new LinkClosedException($"The relay of {address} is behind a relay itself.");
        }

        if (_transport.KeepsPort && !Links.Any(link => link is { IsFromListener: true, IsClosed: false }))
        {
            relay = await SeenAtPortAsync(relay, address.Via, cancel);
        }

        return await _transport.DialOverAsync(stop => OpenCircuitAsync(relay, node, stop), node, cancel);
    }

    // The relay sees where the router maps the port that this node keeps: there the one behind the relay may meet it.
    private async Task<ILink> SeenAtPortAsync(ILink relay, PeerAddress address, CancellationToken cancel)
    {
        try
        {
            return await RedialAsync(address, cancel);
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            return relay;
        }
    }

    private static async Task<Circuit> OpenCircuitAsync(ILink relay, NodeId node, CancellationToken cancel)
    {
        ILinkStream circuit = await relay.OpenAsync(StreamPriority.Decode, cancel);

        try
        {
            byte[] id = new byte[NodeId.Size];
            node.Write(id);
            var connect = new Connect { Node = Google.Protobuf.ByteString.CopyFrom(id) };
            await circuit.SendAsync(new Envelope { Connect = connect }, default, cancel);

            return await circuit.ReceiveAsync(cancel) is { Connected: { } connected }
                ? Circuit.Read(circuit, connected.Seen)
                : throw new LinkClosedException($"The relay {relay.Remote} gives no circuit.");
        }
        catch (Exception e)
        {
            circuit.Reset(FaultCode.Cancelled, "The circuit is not needed.");

            // What the relay refuses says nothing of the node behind it.
            if (e is FaultException)
            {
                throw new LinkClosedException($"Through the relay {relay.Remote}: {e.Message}", e);
            }

            throw;
        }
    }

    // What is begun over a relay stays there, so a dial waits a little for the way without, and others wait with it.
    private async Task<ILink> MeetAsync(ILink relayed)
    {
        lock (Gate)
        {
            if (!_meetings.ContainsKey(relayed.Remote))
            {
                _meetings.Add(relayed.Remote, WaitForMeetingAsync(relayed));
            }
        }

        return await MetAsync(relayed, CancellationToken.None);
    }

    private async ValueTask<ILink> MetAsync(ILink relayed, CancellationToken cancel)
    {
        Task? meeting;

        lock (Gate)
        {
            meeting = _meetings.GetValueOrDefault(relayed.Remote);
        }

        if (meeting is not null)
        {
            await meeting.WaitAsync(cancel);
        }

        return TryGet(relayed.Remote, out ILink? best) ? best : relayed;
    }

    private async Task WaitForMeetingAsync(ILink relayed)
    {
        // The caller holds the lock: what follows must not run inside it.
        await Task.Yield();

        try
        {
            if (Relayed is { } meet)
            {
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
                _ = await Task.WhenAny(
                    meet(relayed, _stop.Token), Task.Delay(RelayTimes.MeetingWait, _time, patience.Token));
                patience.Cancel();
            }
        }
        finally
        {
            lock (Gate)
            {
                _ = _meetings.Remove(relayed.Remote);
            }
        }
    }

    // The first that comes up; the others may still come up, and lose.
    private async ValueTask<ILink> RaceAsync(
        IReadOnlyList<PeerAddress> addresses,
        Func<PeerAddress, CancellationToken, ValueTask<ILink>> dial,
        CancellationToken cancel)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
        var running = new List<Task<ILink>>();
        Exception why = new LinkClosedException("The peer has no address.");

        for (int next = 0; next < addresses.Count || running.Count > 0;)
        {
            if (next < addresses.Count)
            {
                running.Add(StartAsync(dial, addresses[next++], over.Token));
            }

            using var stagger = CancellationTokenSource.CreateLinkedTokenSource(over.Token);
            var wait = Task.Delay(next < addresses.Count ? Stagger : Timeout.InfiniteTimeSpan, _time, stagger.Token);
            _ = await Task.WhenAny([.. running, wait]);
            stagger.Cancel();
            cancel.ThrowIfCancellationRequested();

            foreach (Task<ILink> ended in running.Where(task => task.IsCompleted).ToArray())
            {
                try
                {
                    ILink link = await ended;
                    over.Cancel();
                    return link;
                }
                catch (Exception e) when (e is LinkClosedException or FaultException or OperationCanceledException)
                {
                    // A refusal says more than silence.
                    why = why is FaultException ? why : e;
                    _ = running.Remove(ended);
                }
            }
        }

        throw why is OperationCanceledException ? new LinkClosedException("This node is stopping.") : why;
    }

    private async Task<ILink> PunchOneAsync(
        PeerAddress address, bool leads, TimeSpan after, CancellationToken cancel)
    {
        ILink link = await _transport.PunchAsync(address, leads, after, cancel);

        lock (Gate)
        {
            _ = (_punched ??= []).Add(link);
        }

        return Adopt(link);
    }

    private static async Task<ILink> StartAsync(
        Func<PeerAddress, CancellationToken, ValueTask<ILink>> dial, PeerAddress address, CancellationToken cancel)
        => await dial(address, cancel);

    // One without a relay before one with. Both sides dialled at once: both keep the link whose dialler has the smaller
    // id. Twice from one side: the newer.
    private bool Prefers(ILink held, ILink fresh)
        => held.Relay is null == fresh.Relay is null
            ? held.IsDialler != fresh.IsDialler && held.IsDialler == (_self < held.Remote)
            : held.Relay is null;
}
