using System.Threading.Tasks.Sources;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>One end of a stream in memory: whole messages, under the same credit as on the wire.</summary>
internal sealed class MemoryLinkStream(MemoryLink link, uint id, StreamPriority priority, bool opened)
    : ILinkStream, IValueTaskSource<Envelope?>
{
    /// <summary>The next stream of the same link.</summary>
    internal MemoryLinkStream? Next;

    // What is answered at once needs none.
    private Signal? _arrival;
    private Queue<MemoryPacket>? _received;
    private MemoryPacket? _next;
    private Signal? _granted;
    private byte[] _payload = [];
    private int _credit = WireLimits.CreditBytes;
    private int _consumed;
    private bool _opened = opened;
    private bool _ownSideEnded;
    private bool _peerSideEnded;
    private bool _discards;
    private Fault? _reset;
    private string? _whyClosed;

    public ILink Link => link;

    internal uint Number => id;

    internal bool IsOpened => _opened;

    /// <summary>What may still be sent before the peer grants more.</summary>
    internal int Credit => _credit;

    /// <summary>What has arrived and was not granted again yet: unread, being read, or read.</summary>
    internal int Ungranted
        => _consumed + PayloadLength + (_next?.Credit ?? 0) + (_received?.Sum(packet => packet.Credit) ?? 0);

    public int PayloadLength { get; private set; }

    public async ValueTask SendAsync(Envelope message, ReadOnlyMemory<byte> payload, CancellationToken cancel)
    {
        int cost = Cost(message, payload.Length);

        // A message larger than the whole credit goes when the peer has read most of what came before it.
        while (!TryTakeCredit(cost))
        {
            await _granted!.WaitAsync(cancel);
        }

        MemoryPacketKind kind = _opened ? MemoryPacketKind.Message : MemoryPacketKind.Open;
        _opened = true;
        Envelope given = link.Network.HandsOver ? message : message.Clone();
        given.WireBytes = message.WireBytes;
        link.Send(new(kind, id)
        {
            Message = given,
            Payload = payload.IsEmpty ? [] : payload.ToArray(),
            Credit = cost,
            Priority = priority,
        });
        link.Flush();
    }

    public ValueTask<Envelope?> ReceiveAsync(CancellationToken cancel)
    {
        bool isThere = TryReceive(out Envelope? message);
        link.Flush();

        return isThere ? new(message)
            : cancel.CanBeCanceled ? ReceiveNextAsync(cancel)
            : new(this, _arrival!.Version);
    }

    public ValueTask ReadPayloadAsync(Memory<byte> destination, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();

        lock (link.Gate)
        {
            // What has arrived can be read even when the link is gone.
            if (_reset is not null)
            {
                ThrowIfOver();
            }

            if (destination.Length != PayloadLength)
            {
                throw new ArgumentException($"The payload has {PayloadLength} bytes.", nameof(destination));
            }

            _payload.CopyTo(destination.Span);
            DropPayload();
        }

        link.Flush();
        return ValueTask.CompletedTask;
    }

    public ValueTask EndAsync(CancellationToken cancel)
    {
        lock (link.Gate)
        {
            ThrowIfOver();
            EndOwnSide();
        }

        link.Flush();
        return ValueTask.CompletedTask;
    }

    public void Reset(Fault fault)
    {
        lock (link.Gate)
        {
            if (IsOver)
            {
                return;
            }

            _reset = fault.Clone();
            Clear();
        }

        link.Remove(this);

        if (_opened)
        {
            link.Send(new(MemoryPacketKind.Reset, id) { Fault = fault.Clone() });
            link.Flush();
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (link.Gate)
        {
            if (!IsOver)
            {
                _discards = true;
                DropPayload();

                while (TakeReceived() is { } unread)
                {
                    Consume(unread.Credit);
                }

                EndOwnSide();
            }
        }

        link.Flush();
        return ValueTask.CompletedTask;
    }

    // A wait for the next message that nobody can cancel is the stream itself.
    ValueTaskSourceStatus IValueTaskSource<Envelope?>.GetStatus(short token) => _arrival!.GetStatus(token);

    void IValueTaskSource<Envelope?>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _arrival!.OnCompleted(continuation, state, token, flags);

    Envelope? IValueTaskSource<Envelope?>.GetResult(short token)
    {
        _arrival!.GetResult(token);
        _ = TryReceive(out Envelope? message);
        link.Flush();
        return message;
    }

    internal void Close(string why)
    {
        lock (link.Gate)
        {
            _whyClosed ??= why;
            _arrival?.Set();
            _granted?.Set();
        }
    }

    internal void Receive(MemoryPacket packet)
    {
        lock (link.Gate)
        {
            if (_reset is not null)
            {
                return;
            }

            switch (packet.Kind)
            {
                case MemoryPacketKind.Open or MemoryPacketKind.Message:
                    Keep(packet);
                    break;

                case MemoryPacketKind.End:
                    OnEnd();
                    break;

                case MemoryPacketKind.Credit:
                    _credit += packet.Credit;
                    _granted?.Set();
                    break;

                default:
                    _reset = packet.Fault;
                    Clear();
                    link.Remove(this);
                    break;
            }
        }
    }

    private int Cost(Envelope message, int payloadBytes)
    {
        int header = link.Network.HandsOver
            ? message.Measure()
            : message.WireBytes = message.CalculateSize();

        return header <= WireLimits.HeaderBytesMax && payloadBytes <= WireLimits.PayloadBytesMax
            ? WireLimits.MessageCreditBytes + header + payloadBytes
            : throw new ArgumentException($"A {message.BodyCase} of {header} + {payloadBytes} bytes is too large.");
    }

    // Most streams never hold more than one message.
    private void Keep(MemoryPacket packet)
    {
        if (_discards)
        {
            Consume(packet.Credit);
        }
        else if (_next is null)
        {
            _next = packet;
            _arrival?.Set();
        }
        else
        {
            (_received ??= new()).Enqueue(packet);
        }

        if (packet.Ends)
        {
            OnEnd();
        }
    }

    private void OnEnd()
    {
        _peerSideEnded = true;
        _arrival?.Set();
        RemoveIfEnded();
    }

    private MemoryPacket? TakeReceived()
    {
        MemoryPacket? taken = _next;
        _next = _received?.Count > 0 ? _received.Dequeue() : null;
        return taken;
    }

    private async ValueTask<Envelope?> ReceiveNextAsync(CancellationToken cancel)
    {
        await _arrival!.WaitAsync(cancel);
        _ = TryReceive(out Envelope? message);
        link.Flush();
        return message;
    }

    private bool TryReceive(out Envelope? message)
    {
        message = null;

        lock (link.Gate)
        {
            DropPayload();

            if (_reset is null && TakeReceived() is { } next)
            {
                message = next.Message;
                _payload = next.Payload;
                PayloadLength = _payload.Length;
                Consume(next.Credit - PayloadLength);
                return true;
            }

            ThrowIfOver();

            if (_peerSideEnded)
            {
                return true;
            }

            (_arrival ??= new()).Await();
            return false;
        }
    }

    private bool TryTakeCredit(int cost)
    {
        lock (link.Gate)
        {
            ThrowIfOver();

            if (_ownSideEnded)
            {
                throw new InvalidOperationException("This side of the stream has ended.");
            }

            if (_credit >= Math.Min(cost, WireLimits.CreditBytes / 2))
            {
                _credit -= cost;
                return true;
            }

            (_granted ??= new()).Await();
            return false;
        }
    }

    private bool IsOver => _reset is not null || _whyClosed is not null;

    private void ThrowIfOver()
    {
        if (_reset is not null)
        {
            throw new FaultException(_reset);
        }

        if (_whyClosed is not null)
        {
            throw new LinkClosedException(_whyClosed);
        }
    }

    private void DropPayload()
    {
        Consume(PayloadLength);
        _payload = [];
        PayloadLength = 0;
    }

    // Credit goes back in quarters of the window, not per message.
    private void Consume(int bytes)
    {
        _consumed += bytes;

        if (_consumed >= WireLimits.CreditBytes / 4)
        {
            link.Send(new(MemoryPacketKind.Credit, id) { Credit = _consumed });
            _consumed = 0;
        }
    }

    private void EndOwnSide()
    {
        if (_ownSideEnded)
        {
            return;
        }

        _ownSideEnded = true;

        if (_opened)
        {
            link.Send(new(MemoryPacketKind.End, id));
            RemoveIfEnded();
        }
        else
        {
            link.Remove(this);
        }
    }

    private void RemoveIfEnded()
    {
        if (_ownSideEnded && _peerSideEnded)
        {
            link.Remove(this);
        }
    }

    private void Clear()
    {
        (_next, _received) = (null, null);
        _payload = [];
        PayloadLength = 0;
        _arrival?.Set();
        _granted?.Set();
    }
}
