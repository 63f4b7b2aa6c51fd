using System.Threading.Channels;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>One end of a link in memory.</summary>
internal sealed class MemoryLink : ILink
{
    private readonly MemoryNetwork _network;
    private readonly MemoryTransport _owner;
    private readonly MemoryPipe _out;
    private readonly Dictionary<uint, MemoryLinkStream> _streams = [];
    private readonly Channel<ILinkStream> _accepted = Channel.CreateBounded<ILinkStream>(WireLimits.BacklogMax);
    private readonly CancellationTokenSource _closed = new();
    private readonly Lock _gate = new();
    private MemoryLink _peer;
    private uint _nextStream;
    private ITimer? _silence;
    private string? _whyClosed;

    private MemoryLink(MemoryNetwork network, MemoryTransport owner, MemoryTransport remote, Hello hello, bool dials)
    {
        SeenAt = remote.Listen is { } listen ? listen with { Node = remote.Self } : null;
        _network = network;
        _owner = owner;
        _peer = this;
        Remote = remote.Self;
        RemoteHello = hello.Clone();
        RemoteHello.Observed = owner.Listen is { } own ? new Address { Host = own.Host, Port = (uint)own.Port } : null;
        IsDialler = dials;
        Closed = _closed.Token;
        _nextStream = dials ? 1u : 2u;
        _out = new MemoryPipe(network, owner.Self, remote.Self, packet => _peer.Receive(packet));
        RoundTrip = network.Paths.Delay(owner.Self, remote.Self, 0) + network.Paths.Delay(remote.Self, owner.Self, 0);
    }

    public NodeId Remote { get; }

    public Hello RemoteHello { get; private set; }

    public PeerAddress? SeenAt { get; }

    public bool IsDialler { get; }

    public TimeSpan RoundTrip { get; }

    public CancellationToken Closed { get; }

    public int OpenStreams
    {
        get
        {
            lock (_gate)
            {
                return _streams.Count;
            }
        }
    }

    internal NodeId Local => _owner.Self;

    internal static (MemoryLink Dialler, MemoryLink Acceptor) CreatePair(
        MemoryNetwork network,
        MemoryTransport dialler,
        MemoryTransport acceptor,
        Hello diallerHello,
        Hello acceptorHello)
    {
        var one = new MemoryLink(network, dialler, acceptor, acceptorHello, dials: true);
        var other = new MemoryLink(network, acceptor, dialler, diallerHello, dials: false);
        (one._peer, other._peer) = (other, one);
        return (one, other);
    }

    public void Renew(Hello hello) => RemoteHello = hello.Renewing(RemoteHello);

    public ValueTask<ILinkStream> OpenAsync(StreamPriority priority, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();

        lock (_gate)
        {
            ThrowIfClosed();

            if (_streams.Count >= WireLimits.StreamsMax)
            {
                throw new FaultException(FaultCode.Busy, "Too many streams are open on this link.");
            }

            var stream = new MemoryLinkStream(this, _nextStream, priority, opened: false);
            _streams.Add(_nextStream, stream);
            _nextStream += 2;
            return new(stream);
        }
    }

    public ValueTask<ILinkStream> AcceptAsync(CancellationToken cancel)
        => _accepted.Reader.NextAsync(() => _whyClosed ?? "The link is closed.", cancel);

    public void Abort(FaultCode code, string reason)
    {
        Send(new(MemoryPacketKind.Close, 0, Fault: new Fault { Code = code, Message = reason }));
        Flush();
        Break(reason);
    }

    public ValueTask DisposeAsync()
    {
        Abort(FaultCode.Leaving, "The peer closed the link.");
        return ValueTask.CompletedTask;
    }

    /// <summary>Queues a packet; <see cref="Flush"/> follows, outside every lock.</summary>
    internal void Send(in MemoryPacket packet)
    {
        if (!Closed.IsCancellationRequested)
        {
            _out.Send(packet);
        }
    }

    internal void Flush() => _out.Pump();

    internal void Remove(uint stream)
    {
        lock (_gate)
        {
            _ = _streams.Remove(stream);
        }
    }

    /// <summary>Ends this side; the other learns of it only by what was sent or by silence.</summary>
    internal void Break(string why)
    {
        MemoryLinkStream[] streams;

        lock (_gate)
        {
            if (_whyClosed is not null)
            {
                return;
            }

            _whyClosed = why;
            streams = [.. _streams.Values];
            _streams.Clear();
            _silence?.Dispose();
        }

        _owner.Remove(this);
        _ = _accepted.Writer.TryComplete();

        foreach (MemoryLinkStream stream in streams)
        {
            stream.Close(why);
        }

        _closed.Cancel();
        _peer.ListenForSilence();
    }

    internal void Die(bool silently)
    {
        if (!silently)
        {
            Send(new(MemoryPacketKind.Close, 0, Fault: new Fault { Message = "The connection was reset." }));
            Flush();
        }

        Break("This node is gone.");
    }

    internal void PathChanged()
    {
        ListenForSilence();
        Flush();
    }

    private void ThrowIfClosed()
    {
        if (_whyClosed is not null)
        {
            throw new LinkClosedException(_whyClosed);
        }
    }

    // What the pings of a real link find out: a peer that can no longer be heard is given up.
    private void ListenForSilence()
    {
        lock (_gate)
        {
            if (_whyClosed is not null || !IsSilent)
            {
                _silence?.Dispose();
                _silence = null;
            }
            else if (_silence is null)
            {
                TimeSpan patience = LinkTimes.SilenceMax + LinkTimes.PingEvery(_streams.Count > 0);
                _silence = _network.Time.CreateTimer(
                    static link => ((MemoryLink)link!).GiveUp(),
                    this,
                    patience,
                    Timeout.InfiniteTimeSpan);
            }
        }
    }

    private bool IsSilent
        => _peer._whyClosed is not null
            || !_network.Paths.IsOpen(Local, Remote)
            || !_network.Paths.IsOpen(Remote, Local);

    private void GiveUp()
    {
        if (IsSilent)
        {
            Break("The peer has not been heard for too long.");
        }
    }

    private void Receive(MemoryPacket packet)
    {
        if (packet.Kind == MemoryPacketKind.Close)
        {
            Break(packet.Fault!.Message);
            return;
        }

        MemoryLinkStream? stream;

        lock (_gate)
        {
            if (_whyClosed is not null)
            {
                return;
            }

            if (!_streams.TryGetValue(packet.Stream, out stream) && packet.Kind == MemoryPacketKind.Open)
            {
                stream = Accept(packet);
            }
        }

        stream?.Receive(packet);
        Flush();
    }

    private MemoryLinkStream? Accept(in MemoryPacket packet)
    {
        var stream = new MemoryLinkStream(this, packet.Stream, packet.Priority, opened: true);

        if (_streams.Count >= WireLimits.StreamsMax || !_accepted.Writer.TryWrite(stream))
        {
            var busy = new Fault { Code = FaultCode.Busy, Message = "Too many streams are open on this link." };
            Send(new(MemoryPacketKind.Reset, packet.Stream, Fault: busy));
            return null;
        }

        _streams.Add(packet.Stream, stream);
        return stream;
    }
}
