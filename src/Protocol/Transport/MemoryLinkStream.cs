using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>One end of a stream in memory: whole messages, under the same credit as on the wire.</summary>
internal sealed class MemoryLinkStream(MemoryLink link, uint id, StreamPriority priority, bool opened) : ILinkStream
{
    private readonly Signal _arrival = new();
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

    public int PayloadLength { get; private set; }

    public async ValueTask SendAsync(Envelope message, ReadOnlyMemory<byte> payload, CancellationToken cancel)
    {
        int cost = Cost(message, payload.Length);

        // A message larger than the whole credit goes when the peer has read most of what came before it.
        while (!TryTakeCredit(cost, out TaskCompletionSource? wait))
        {
            await Signal.WaitAsync(wait!, cancel);
        }

        MemoryPacketKind kind = _opened ? MemoryPacketKind.Message : MemoryPacketKind.Open;
        _opened = true;
        Envelope given = link.Network.HandsOver ? message : message.Clone();
        link.Send(new(kind, id, given, payload.IsEmpty ? [] : payload.ToArray(), cost, priority));
        link.Flush();
    }

    public async ValueTask<Envelope?> ReceiveAsync(CancellationToken cancel)
    {
        Envelope? message;

        while (!TryReceive(out message, out TaskCompletionSource? wait))
        {
            link.Flush();
            await Signal.WaitAsync(wait!, cancel);
        }

        link.Flush();
        return message;
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
            link.Send(new(MemoryPacketKind.Reset, id, Fault: fault.Clone()));
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

    internal void Close(string why)
    {
        lock (link.Gate)
        {
            _whyClosed ??= why;
            _arrival.Set();
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
                case MemoryPacketKind.Open or MemoryPacketKind.Message when _discards:
                    Consume(packet.Credit);
                    break;

                case MemoryPacketKind.Open or MemoryPacketKind.Message:
                    Keep(packet);
                    _arrival.Set();
                    break;

                case MemoryPacketKind.End:
                    _peerSideEnded = true;
                    _arrival.Set();
                    RemoveIfEnded();
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

    private static int Cost(Envelope message, int payloadBytes)
    {
        int header = message.CalculateSize();

        return header <= WireLimits.HeaderBytesMax && payloadBytes <= WireLimits.PayloadBytesMax
            ? WireLimits.MessageCreditBytes + header + payloadBytes
            : throw new ArgumentException($"A {message.BodyCase} of {header} + {payloadBytes} bytes is too large.");
    }

    // Most streams never hold more than one message.
    private void Keep(MemoryPacket packet)
    {
        if (_next is null)
        {
            _next = packet;
        }
        else
        {
            (_received ??= new()).Enqueue(packet);
        }
    }

    private MemoryPacket? TakeReceived()
    {
        MemoryPacket? taken = _next;
        _next = _received?.Count > 0 ? _received.Dequeue() : null;
        return taken;
    }

    private bool TryReceive(out Envelope? message, out TaskCompletionSource? wait)
    {
        (message, wait) = (null, null);

        lock (link.Gate)
        {
            DropPayload();

            if (_reset is null && TakeReceived() is { } next)
            {
                message = next.Message;
                _payload = next.Payload!;
                PayloadLength = _payload.Length;
                Consume(next.Credit - PayloadLength);
                return true;
            }

            ThrowIfOver();

            if (_peerSideEnded)
            {
                return true;
            }

            wait = _arrival.Next();
            return false;
        }
    }

    private bool TryTakeCredit(int cost, out TaskCompletionSource? wait)
    {
        wait = null;

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

            wait = (_granted ??= new()).Next();
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
            link.Send(new(MemoryPacketKind.Credit, id, Credit: _consumed));
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
        _arrival.Set();
        _granted?.Set();
    }
}
