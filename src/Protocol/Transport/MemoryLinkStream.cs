using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>One end of a stream in memory: whole messages, under the same credit as on the wire.</summary>
internal sealed class MemoryLinkStream(MemoryLink link, uint id, StreamPriority priority, bool opened) : ILinkStream
{
    private readonly Queue<(Envelope Message, byte[] Payload)> _received = new();
    private readonly Signal _arrival = new();
    private readonly Signal _granted = new();
    private readonly Lock _gate = new();
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
        link.Send(new(kind, id, message.Clone(), payload.ToArray(), cost, priority));
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

        lock (_gate)
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
        lock (_gate)
        {
            ThrowIfOver();
            EndOwnSide();
        }

        link.Flush();
        return ValueTask.CompletedTask;
    }

    public void Reset(Fault fault)
    {
        lock (_gate)
        {
            if (IsOver)
            {
                return;
            }

            _reset = fault.Clone();
            Clear();
        }

        link.Remove(id);

        if (_opened)
        {
            link.Send(new(MemoryPacketKind.Reset, id, Fault: fault.Clone()));
            link.Flush();
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (!IsOver)
            {
                _discards = true;
                DropPayload();

                while (_received.TryDequeue(out (Envelope Message, byte[] Payload) unread))
                {
                    Consume(Cost(unread.Message, unread.Payload.Length));
                }

                EndOwnSide();
            }
        }

        link.Flush();
        return ValueTask.CompletedTask;
    }

    internal void Close(string why)
    {
        lock (_gate)
        {
            _whyClosed ??= why;
            _arrival.Set();
            _granted.Set();
        }
    }

    internal void Receive(in MemoryPacket packet)
    {
        lock (_gate)
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
                    _received.Enqueue((packet.Message!, packet.Payload!));
                    _arrival.Set();
                    break;

                case MemoryPacketKind.End:
                    _peerSideEnded = true;
                    _arrival.Set();
                    RemoveIfEnded();
                    break;

                case MemoryPacketKind.Credit:
                    _credit += packet.Credit;
                    _granted.Set();
                    break;

                default:
                    _reset = packet.Fault;
                    Clear();
                    link.Remove(id);
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

    private bool TryReceive(out Envelope? message, out TaskCompletionSource? wait)
    {
        (message, wait) = (null, null);

        lock (_gate)
        {
            DropPayload();

            if (_reset is null && _received.TryDequeue(out (Envelope Message, byte[] Payload) next))
            {
                message = next.Message;
                _payload = next.Payload;
                PayloadLength = next.Payload.Length;
                Consume(Cost(next.Message, 0));
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

        lock (_gate)
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

            wait = _granted.Next();
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
            link.Remove(id);
        }
    }

    private void RemoveIfEnded()
    {
        if (_ownSideEnded && _peerSideEnded)
        {
            link.Remove(id);
        }
    }

    private void Clear()
    {
        _received.Clear();
        _payload = [];
        PayloadLength = 0;
        _arrival.Set();
        _granted.Set();
    }
}
