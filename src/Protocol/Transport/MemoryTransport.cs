using System.Threading.Channels;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Relaying;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>One node's place in a <see cref="MemoryNetwork"/>.</summary>
public sealed class MemoryTransport : ITransport
{
    // TCP and TLS take two round trips before the peer's Hello arrives: four ways.
    private const int WaysToConnect = 4;
    private const int HandshakeBytes = 1024;
    private const int LinksGrowth = 16;

    private readonly Channel<ILink> _accepted = Channel.CreateBounded<ILink>(WireLimits.BacklogMax);
    private readonly List<MemoryLink> _links = [];
    private Hello _hello;
    private bool _gone;

    internal MemoryTransport(MemoryNetwork network, NodeId self, Hello hello, PeerAddress? listen)
    {
        Network = network;
        Self = self;
        Listen = listen;
        _hello = hello.Clone();
        Addresses = OwnAddresses = listen is null ? [] : [listen with { Node = self }];

        if (listen is not null && _hello.Addresses.Count == 0)
        {
            _hello = _hello.WithAddresses(Addresses);
        }
    }

    /// <summary>The node that lives here.</summary>
    public NodeId Self { get; }

    /// <inheritdoc/>
    public IReadOnlyList<PeerAddress> Addresses { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<PeerAddress> OwnAddresses { get; }

    /// <summary>What the network's paths know of this node.</summary>
    public object? Place { get; set; }

    internal MemoryNetwork Network { get; }

    /// <summary>Guards the links and what each of them holds: one for all, for a simulated node has hundreds.</summary>
    internal Lock Gate { get; } = new();

    internal PeerAddress? Listen { get; }

    internal MemoryLink[] Links
    {
        get
        {
            lock (Gate)
            {
                return [.. _links];
            }
        }
    }

    /// <inheritdoc/>
    public Hello Hello => _hello;

    /// <inheritdoc/>
    public event DialledBackHandler? DialledBack;

    /// <inheritdoc/>
    public void Announce(IReadOnlyList<PeerAddress> elsewhere, bool server)
    {
        Addresses = ReachableAddresses.Join(OwnAddresses, elsewhere);
        Hello hello = _hello.WithAddresses(Addresses);
        hello.Server = server;
        _hello = hello;
    }

    /// <inheritdoc/>
    public ValueTask<ILink> DialAsync(PeerAddress address, CancellationToken cancel)
        => ReachAsync<ILink>(address, static (self, peer) => self.Connect(peer, isFromListener: false), cancel);

    /// <inheritdoc/>
    public ValueTask<ILink> DialFromListenerAsync(PeerAddress address, CancellationToken cancel)
        => ReachAsync<ILink>(
            address, static (self, peer) => self.Connect(peer, isFromListener: self.Listen is not null), cancel);

    /// <inheritdoc/>
    public async ValueTask<ILink> PunchAsync(
        PeerAddress address, bool leads, TimeSpan after, CancellationToken cancel)
    {
        await WaitAsync(after, cancel);

        if (!Network.TryFind(address, out MemoryTransport? peer)
            || peer.Self != address.Node
            || !Network.Paths.CanPunch(this, peer))
        {
            await WaitAsync(Timeout.InfiniteTimeSpan, cancel);
            throw new LinkClosedException($"Nothing is at {address}.");
        }

        // Whoever comes first waits for the other.
        var meeting = new TaskCompletionSource<(MemoryLink Leader, MemoryLink Follower)>();

        if (Network.TryMeet(Self, peer.Self, ref meeting))
        {
            await WaitAsync(ConnectTime(peer), cancel);

            if (!meeting.Task.IsCompleted)
            {
                _ = meeting.TrySetResult(leads ? Join(peer) : peer.Join(this));
            }
        }

        try
        {
            (MemoryLink one, MemoryLink other) = await meeting.Task.WaitAsync(cancel);
            return leads ? one : other;
        }
        finally
        {
            Network.Unmeet(Self, peer.Self, meeting);
            _ = meeting.TrySetCanceled(CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ILink> DialOverAsync(
        Func<CancellationToken, Task<Circuit>> open, NodeId node, CancellationToken cancel)
    {
        Circuit circuit = await open(cancel);
        Link link = await MemoryCircuit.ShakeAsync(circuit, Self, _hello, dials: true, Network.Time, cancel);

        if (link.Remote != node)
        {
            link.Abort(FaultCode.Cancelled, "Another node was asked for.");
            throw new LinkClosedException($"Another node answers in the circuit: {link.Remote}.");
        }

        return link;
    }

    /// <inheritdoc/>
    public async ValueTask<ILink?> AcceptOverAsync(Circuit circuit, CancellationToken cancel)
    {
        Link link = await MemoryCircuit.ShakeAsync(circuit, Self, _hello, dials: false, Network.Time, cancel);
        return _accepted.Writer.TryWrite(link) ? link : null;
    }

    /// <inheritdoc/>
    public async ValueTask DialBackAsync(PeerAddress address, ReadOnlyMemory<byte> nonce, CancellationToken cancel)
    {
        MemoryTransport peer = await ReachAsync(address, static (_, peer) => peer, cancel);
        peer.DialledBack?.Invoke(Self, nonce);
    }

    /// <inheritdoc/>
    public ValueTask<ILink> AcceptAsync(CancellationToken cancel)
        => _accepted.Reader.NextAsync(() => "This node is gone.", cancel);

    /// <summary>
    /// Ends the node without a goodbye. Its peers see their links reset, as when a process dies; or, when
    /// <paramref name="silently"/>, hear nothing more, as when a machine loses power.
    /// </summary>
    public void Kill(bool silently = false)
    {
        Network.Forget(this);
        MemoryLink[] links;

        lock (Gate)
        {
            _gone = true;
            links = [.. _links];
            _links.Clear();
            _links.Capacity = 0;
        }

        _ = _accepted.Writer.TryComplete();

        foreach (MemoryLink link in links)
        {
            link.Die(silently);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Kill();
        return ValueTask.CompletedTask;
    }

    internal void Remove(MemoryLink link)
    {
        lock (Gate)
        {
            if (link.Place < _links.Count && _links[link.Place] == link)
            {
                MemoryLink last = _links[^1];
                (_links[link.Place], last.Place) = (last, link.Place);
                _links.RemoveAt(_links.Count - 1);
            }
        }
    }

    // The way to a peer, as long as it takes; where nobody is, a simulation of many nodes throws as little as can be.
    private ValueTask<T> ReachAsync<T>(
        PeerAddress address, Func<MemoryTransport, MemoryTransport, T> then, CancellationToken cancel)
        => _gone ? ValueTask.FromException<T>(new LinkClosedException("This node is gone."))
            : Network.TryFind(address, out MemoryTransport? peer) ? ReachAsync(peer, address, then, cancel)
            : Network.Paths.IsLost(address) ? new(NeverAsync<T>(cancel))
            : ValueTask.FromException<T>(new LinkClosedException($"Nothing listens at {address}."));

    private async ValueTask<T> ReachAsync<T>(
        MemoryTransport peer,
        PeerAddress address,
        Func<MemoryTransport, MemoryTransport, T> then,
        CancellationToken cancel)
    {
        DialFate fate = Network.Paths.Dial(this, peer);
        bool silent = fate == DialFate.Unanswered || !IsReachable(peer);

        await WaitAsync(silent ? Timeout.InfiniteTimeSpan : ConnectTime(peer), cancel);

        if (fate == DialFate.Refused || peer._gone || _gone)
        {
            throw new LinkClosedException($"{address} refused the connection.");
        }

        if (!IsReachable(peer))
        {
            await WaitAsync(Timeout.InfiniteTimeSpan, cancel);
        }

        if (address.Node is { } expected && expected != peer.Self)
        {
            throw new LinkClosedException($"Another node answers at {address}: {peer.Self}.");
        }

        if (Hellos.Refusal(_hello, peer._hello) is { } refusal)
        {
            throw new FaultException(refusal);
        }

        return then(this, peer);
    }

    private static Task<T> NeverAsync<T>(CancellationToken cancel)
    {
        var never = new TaskCompletionSource<T>();
        _ = cancel.UnsafeRegister(
            static (never, cancel) => ((TaskCompletionSource<T>)never!).TrySetCanceled(cancel), never);
        return never.Task;
    }

    private bool IsReachable(MemoryTransport peer)
        => Network.Paths.IsOpen(this, peer) && Network.Paths.IsOpen(peer, this);

    private TimeSpan ConnectTime(MemoryTransport peer)
        => (WaysToConnect / 2)
            * (Network.Paths.Delay(this, peer, HandshakeBytes)
                + Network.Paths.Delay(peer, this, HandshakeBytes));

    private Task WaitAsync(TimeSpan time, CancellationToken cancel)
        => time == TimeSpan.Zero ? Task.CompletedTask : Task.Delay(time, Network.Time, cancel);

    private MemoryLink Connect(MemoryTransport peer, bool isFromListener)
    {
        (MemoryLink dialler, MemoryLink acceptor) = Join(peer);
        dialler.IsFromListener = isFromListener;

        if (!peer._accepted.Writer.TryWrite(acceptor))
        {
            acceptor.Abort(FaultCode.Busy, "Too many links wait to be accepted.");
        }

        return dialler;
    }

    private (MemoryLink Dialler, MemoryLink Acceptor) Join(MemoryTransport peer)
    {
        (MemoryLink dialler, MemoryLink acceptor) = MemoryLink.CreatePair(this, peer, _hello, peer._hello);
        Add(dialler);
        peer.Add(acceptor);
        return (dialler, acceptor);
    }

    private void Add(MemoryLink link)
    {
        lock (Gate)
        {
            if (_links.Count == _links.Capacity)
            {
                // Doubled, a list of hundreds would be mostly empty.
                _links.Capacity += LinksGrowth;
            }

            link.Place = _links.Count;
            _links.Add(link);
        }
    }
}
