using System.Threading.Channels;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>One end of a link in memory.</summary>
/// <remarks>What an idle link does not need it does not have: a simulated node has hundreds.</remarks>
internal sealed partial class MemoryLink : ILink
{
    private readonly MemoryTransport _owner;
    private MemoryLink _peer;
    private MemoryLinkStream? _streams;
    private ILinkServer? _server;
    private Seldom? _seldom;
    private uint _roundTripTicks;
    private uint _nextStream;
    private ushort _openStreams;

    private MemoryLink(MemoryTransport owner, Hello hello, bool dials)
    {
        _owner = owner;
        _peer = this;
        RemoteHello = hello;

        if (!owner.Network.HandsOver)
        {
            RemoteHello = hello.Clone();
            RemoteHello.Observed = owner.Listen is { } own
                ? new Address { Host = own.Host, Port = (uint)own.Port }
                : null;
        }

        _nextStream = dials ? 1u : 2u;
    }

    public NodeId Remote => _peer._owner.Self;

    public Hello RemoteHello { get; private set; }

    public PeerAddress? SeenAt => _peer._owner.Listen is { } listen ? listen with { Node = Remote } : null;

    public NodeId? Relay => null;

    // Each side has numbers of its own for the streams it opens.
    public bool IsDialler => _nextStream % 2 == 1;

    public bool IsFromListener { get; internal set; }

    public TimeSpan RoundTrip
        => new(_roundTripTicks > 0 ? _roundTripTicks : _roundTripTicks = (uint)(
            Network.Paths.Delay(_owner, _peer._owner, 0) + Network.Paths.Delay(_peer._owner, _owner, 0)).Ticks);

    public bool IsClosed { get; private set; }

    public bool IsLost { get; private set; }

    public CancellationToken Closed
    {
        get
        {
            lock (Gate)
            {
                return IsClosed ? new CancellationToken(canceled: true) : (Rest.Closed ??= new()).Token;
            }
        }
    }

    public int OpenStreams
    {
        get
        {
            lock (Gate)
            {
                return _openStreams;
            }
        }
    }

    internal MemoryNetwork Network => _owner.Network;

    /// <summary>
    /// Guards this end and its streams, as it does every link of its node; never held while anything is delivered.
    /// </summary>
    internal Lock Gate => _owner.Gate;

    internal MemoryLink Peer => _peer;

    /// <summary>Where it stands among its node's links.</summary>
    internal int Place { get; set; }

    internal static (MemoryLink Dialler, MemoryLink Acceptor) CreatePair(
        MemoryTransport dialler,
        MemoryTransport acceptor,
        Hello diallerHello,
        Hello acceptorHello)
    {
        var one = new MemoryLink(dialler, acceptorHello, dials: true);
        var other = new MemoryLink(acceptor, diallerHello, dials: false);
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

            if (_openStreams >= WireLimits.StreamsMax)
            {
                throw new FaultException(FaultCode.Busy, "Too many streams are open on this link.");
            }

            var stream = new MemoryLinkStream(this, _nextStream, priority, opened: false);
            Enter(stream);
            _nextStream += 2;
            return new(stream);
        }
    }

    public ValueTask<ILinkStream> AcceptAsync(CancellationToken cancel)
    {
        lock (Gate)
        {
            return Accepted.Reader.NextAsync(() => _seldom?.WhyClosed ?? "The link is closed.", cancel);
        }
    }

    public void Serve(ILinkServer server)
    {
        List<ILinkStream>? waiting = null;

        lock (Gate)
        {
            _server = server;

            while (_seldom?.Accepted?.Reader.TryRead(out ILinkStream? stream) == true)
            {
                (waiting ??= []).Add(stream);
            }
        }

        waiting?.ForEach(server.OnStream);

        if (IsClosed)
        {
            server.OnClosed();
        }
    }

    public void Abort(FaultCode code, string reason)
    {
        Send(new(MemoryPacketKind.Close, 0) { Fault = new Fault { Code = code, Message = reason } });
        Flush();
        Break(reason);
    }

    public ValueTask DisposeAsync()
    {
        Abort(FaultCode.Leaving, "The peer closed the link.");
        return ValueTask.CompletedTask;
    }

    /// <summary>A stream is over. Under <see cref="Gate"/>.</summary>
    internal void Remove(MemoryLinkStream stream)
    {
        ref MemoryLinkStream? open = ref _streams;

        while (open is not null && open != stream)
        {
            open = ref open.Next;
        }

        if (open is not null)
        {
            open = stream.Next;
            _openStreams--;
        }
    }

    /// <summary>Ends this side; the other learns of it only by what was sent or by silence.</summary>
    internal void Break(string why, bool isLost = false)
    {
        MemoryLinkStream? streams;

        lock (Gate)
        {
            if (IsClosed)
            {
                return;
            }

            IsClosed = true;
            IsLost = isLost;
            Rest.WhyClosed = why;
            (streams, _streams, _openStreams) = (_streams, null, 0);
            Rest.Silence?.Dispose();
            _ = Rest.Accepted?.Writer.TryComplete();
        }

        _owner.Remove(this);

        for (; streams is not null; streams = streams.Next)
        {
            streams.Close(why);
        }

        Rest.Closed?.Cancel();
        _server?.OnClosed();
        _peer.ListenForSilence();
    }

    internal void Die(bool silently)
    {
        if (!silently)
        {
            Send(new(MemoryPacketKind.Close, 0) { Fault = new Fault { Message = "The connection was reset." } });
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
        if (IsClosed)
        {
            throw new LinkClosedException(Rest.WhyClosed!);
        }
    }

    // What the pings of a real link find out: a peer that can no longer be heard is given up.
    private void ListenForSilence()
    {
        lock (Gate)
        {
            if (IsClosed || !IsSilent)
            {
                _seldom?.Silence?.Dispose();
                _seldom?.Silence = null;
            }
            else if (Rest.Silence is null)
            {
                TimeSpan patience = LinkTimes.SilenceMax + LinkTimes.PingEvery(_streams is not null);
                Rest.Silence = Network.Time.CreateTimer(
                    static link => ((MemoryLink)link!).GiveUp(),
                    this,
                    patience,
                    Timeout.InfiniteTimeSpan);
            }
        }
    }

    private bool IsSilent
        => _peer.IsClosed
            || !Network.Paths.IsOpen(_owner, _peer._owner)
            || !Network.Paths.IsOpen(_peer._owner, _owner);

    private void GiveUp()
    {
        if (IsSilent)
        {
            Break("The peer has not been heard for too long.", isLost: true);
        }
    }

    private Channel<ILinkStream> Accepted
    {
        get
        {
            if (Rest.Accepted is null)
            {
                Rest.Accepted = Channel.CreateBounded<ILinkStream>(WireLimits.BacklogMax);
                _ = IsClosed && Rest.Accepted.Writer.TryComplete();
            }

            return Rest.Accepted;
        }
    }

    private void Receive(MemoryPacket packet)
    {
        if (packet.Kind == MemoryPacketKind.Close)
        {
            Fault fault = packet.Fault!;
            Break(fault.Message, isLost: fault.Code is FaultCode.Unspecified or FaultCode.Leaving);
            return;
        }

        MemoryLinkStream? stream;
        bool isNew = false;

        lock (Gate)
        {
            if (IsClosed)
            {
                return;
            }

            stream = Find(packet.Stream);

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

    private MemoryLinkStream? Find(uint number)
    {
        MemoryLinkStream? stream = _streams;

        while (stream is not null && stream.Number != number)
        {
            stream = stream.Next;
        }

        return stream;
    }

    private void Enter(MemoryLinkStream stream)
    {
        (stream.Next, _streams) = (_streams, stream);
        _openStreams++;
    }

    private MemoryLinkStream? Accept(MemoryPacket packet)
    {
        var stream = new MemoryLinkStream(this, packet.Stream, packet.Priority, opened: true);

        if (_openStreams >= WireLimits.StreamsMax || (_server is null && !Accepted.Writer.TryWrite(stream)))
        {
            var busy = new Fault { Code = FaultCode.Busy, Message = "Too many streams are open on this link." };
            Send(new(MemoryPacketKind.Reset, packet.Stream) { Fault = busy });
            return null;
        }

        Enter(stream);
        return stream;
    }

    private Seldom Rest => _seldom ??= new();

    // What few links need, and none for long.
    private sealed class Seldom
    {
        internal Channel<ILinkStream>? Accepted { get; set; }

        internal CancellationTokenSource? Closed { get; set; }

        internal ITimer? Silence { get; set; }

        internal string? WhyClosed { get; set; }
    }
}
