using System.Threading.Channels;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>One end of a link in memory.</summary>
/// <remarks>What an idle link does not need it does not have: a simulated node has hundreds.</remarks>
internal sealed class MemoryLink : ILink
{
    private readonly MemoryTransport _owner;
    private readonly MemoryPipe _out;
    private MemoryLink _peer;
    private List<MemoryLinkStream>? _streams;
    private Channel<ILinkStream>? _accepted;
    private ILinkServer? _server;
    private CancellationTokenSource? _closed;
    private TimeSpan? _roundTrip;
    private uint _nextStream;
    private ITimer? _silence;
    private string? _whyClosed;

    private MemoryLink(MemoryNetwork network, MemoryTransport owner, Hello hello, bool dials)
    {
        Network = network;
        _owner = owner;
        _peer = this;
        RemoteHello = hello;

        if (!network.HandsOver)
        {
            RemoteHello = hello.Clone();
            RemoteHello.Observed = owner.Listen is { } own
                ? new Address { Host = own.Host, Port = (uint)own.Port }
                : null;
        }

        IsDialler = dials;
        _nextStream = dials ? 1u : 2u;
        _out = new MemoryPipe(this);
    }

    public NodeId Remote => _peer._owner.Self;

    public Hello RemoteHello { get; private set; }

    public PeerAddress? SeenAt => _peer._owner.Listen is { } listen ? listen with { Node = Remote } : null;

    public NodeId? Relay => null;

    public bool IsDialler { get; }

    public TimeSpan RoundTrip
        => _roundTrip ??= Network.Paths.Delay(Local, Remote, 0) + Network.Paths.Delay(Remote, Local, 0);

    public bool IsClosed => _whyClosed is not null;

    public CancellationToken Closed
    {
        get
        {
            lock (Gate)
            {
                return _whyClosed is not null ? new CancellationToken(canceled: true) : (_closed ??= new()).Token;
            }
        }
    }

    public int OpenStreams
    {
        get
        {
            lock (Gate)
            {
                return _streams?.Count ?? 0;
            }
        }
    }

    internal MemoryNetwork Network { get; }

    /// <summary>Guards this end, its pipe and its streams; never held while anything is delivered.</summary>
    internal Lock Gate { get; } = new();

    internal NodeId Local => _owner.Self;

    internal MemoryLink Peer => _peer;

    internal static (MemoryLink Dialler, MemoryLink Acceptor) CreatePair(
        MemoryNetwork network,
        MemoryTransport dialler,
        MemoryTransport acceptor,
        Hello diallerHello,
        Hello acceptorHello)
    {
        var one = new MemoryLink(network, dialler, acceptorHello, dials: true);
        var other = new MemoryLink(network, acceptor, diallerHello, dials: false);
        (one._peer, other._peer) = (other, one);
        return (one, other);
    }

    public void Renew(Hello hello) => RemoteHello = hello.Renewing(RemoteHello);

    public ValueTask<ILinkStream> OpenAsync(StreamPriority priority, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();

        lock (Gate)
        {
            ThrowIfClosed();

            if (_streams?.Count >= WireLimits.StreamsMax)
            {
                throw new FaultException(FaultCode.Busy, "Too many streams are open on this link.");
            }

            var stream = new MemoryLinkStream(this, _nextStream, priority, opened: false);
            (_streams ??= []).Add(stream);
            _nextStream += 2;
            return new(stream);
        }
    }

    public ValueTask<ILinkStream> AcceptAsync(CancellationToken cancel)
    {
        lock (Gate)
        {
            return Accepted.Reader.NextAsync(() => _whyClosed ?? "The link is closed.", cancel);
        }
    }

    public void Serve(ILinkServer server)
    {
        var waiting = new List<ILinkStream>();

        lock (Gate)
        {
            _server = server;

            while (_accepted?.Reader.TryRead(out ILinkStream? stream) == true)
            {
                waiting.Add(stream);
            }
        }

        waiting.ForEach(server.OnStream);

        if (IsClosed)
        {
            server.OnClosed();
        }
    }

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
    internal void Send(MemoryPacket packet)
    {
        if (!IsClosed)
        {
            _out.Send(packet);
        }
    }

    internal void Flush() => _out.Pump();

    internal void Remove(MemoryLinkStream stream)
    {
        lock (Gate)
        {
            if (_streams?.Remove(stream) == true && _streams.Count == 0)
            {
                _streams = null;
            }
        }
    }

    /// <summary>Ends this side; the other learns of it only by what was sent or by silence.</summary>
    internal void Break(string why)
    {
        List<MemoryLinkStream>? streams;

        lock (Gate)
        {
            if (_whyClosed is not null)
            {
                return;
            }

            _whyClosed = why;
            (streams, _streams) = (_streams, null);
            _silence?.Dispose();
            _ = _accepted?.Writer.TryComplete();
        }

        _owner.Remove(this);
        streams?.ForEach(stream => stream.Close(why));
        _closed?.Cancel();
        _server?.OnClosed();
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
        lock (Gate)
        {
            if (_whyClosed is not null || !IsSilent)
            {
                _silence?.Dispose();
                _silence = null;
            }
            else if (_silence is null)
            {
                TimeSpan patience = LinkTimes.SilenceMax + LinkTimes.PingEvery(_streams is not null);
                _silence = Network.Time.CreateTimer(
                    static link => ((MemoryLink)link!).GiveUp(),
                    this,
                    patience,
                    Timeout.InfiniteTimeSpan);
            }
        }
    }

    private bool IsSilent
        => _peer._whyClosed is not null
            || !Network.Paths.IsOpen(Local, Remote)
            || !Network.Paths.IsOpen(Remote, Local);

    private void GiveUp()
    {
        if (IsSilent)
        {
            Break("The peer has not been heard for too long.");
        }
    }

    /// <summary>What this end sent has arrived at the other.</summary>
    internal void Deliver(MemoryPacket packet) => _peer.Receive(packet);

    private Channel<ILinkStream> Accepted
    {
        get
        {
            if (_accepted is null)
            {
                _accepted = Channel.CreateBounded<ILinkStream>(WireLimits.BacklogMax);
                _ = _whyClosed is not null && _accepted.Writer.TryComplete();
            }

            return _accepted;
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
        bool isNew = false;

        lock (Gate)
        {
            if (_whyClosed is not null)
            {
                return;
            }

            stream = _streams?.Find(open => open.Number == packet.Stream);

            if (stream is null && packet.Kind == MemoryPacketKind.Open)
            {
                stream = Accept(packet);
                isNew = stream is not null;
            }
        }

        stream?.Receive(packet);

        if (isNew)
        {
            _server?.OnStream(stream!);
        }

        Flush();
    }

    private MemoryLinkStream? Accept(MemoryPacket packet)
    {
        var stream = new MemoryLinkStream(this, packet.Stream, packet.Priority, opened: true);

        if (_streams?.Count >= WireLimits.StreamsMax || (_server is null && !Accepted.Writer.TryWrite(stream)))
        {
            var busy = new Fault { Code = FaultCode.Busy, Message = "Too many streams are open on this link." };
            Send(new(MemoryPacketKind.Reset, packet.Stream, Fault: busy));
            return null;
        }

        (_streams ??= []).Add(stream);
        return stream;
    }
}
