using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

internal sealed partial class LinkStream
{
    private readonly Signal _arrival = new();
    private readonly Queue<(Envelope Message, int Header, int Payload)> _messages = new();
    private readonly ReceivedBytes _received = new();

    // The place of a reader who waits for the rest of a payload.
    private Memory<byte> _wanted;
    private int _payloadUnread;
    private int _payloadDue;
    private int _window = WireLimits.CreditBytes;
    private int _consumed;

    /// <summary>Takes the cost of an arriving message from what the peer may send, before its bytes are read.</summary>
    internal void Charge(int bytes)
    {
        if (_peerSideEnded)
        {
            throw new ProtocolException($"A frame for stream {Id}, whose sender had ended it.");
        }

        if (_payloadDue > 0)
        {
            throw new ProtocolException($"A message on stream {Id} within the payload of another.");
        }

        TakeWindow(bytes);
    }

    /// <summary>The same for a part of a payload.</summary>
    internal void ChargeData(int bytes)
    {
        if (bytes > _payloadDue)
        {
            throw new ProtocolException($"{bytes} bytes on stream {Id}, where {_payloadDue} were announced.");
        }

        _payloadDue -= bytes;
        TakeWindow(bytes);
    }

    /// <summary>Takes a message; the part of its payload that came with it has been taken already.</summary>
    internal void OnMessage(Envelope message, FrameHeader frame)
    {
        LastActive = _link.Now;
        _payloadDue = frame.Payload - frame.PayloadHere;
        int header = WireLimits.MessageCreditBytes + frame.Header;

        if (Lingers || IsOver)
        {
            GiveBack(header);
        }
        else
        {
            _link.Count(header);
            _messages.Enqueue((message, header, frame.Payload));
        }

        _arrival.Set();
    }

    /// <summary>
    /// Takes a part of a payload, behind which <paramref name="more"/> bytes of its frame follow: straight to where a
    /// reader waits for it, and he runs only when he has all.
    /// </summary>
    internal void OnPayload(ReadOnlySpan<byte> part, int more)
    {
        LastActive = _link.Now;

        if (Lingers || IsOver)
        {
            GiveBack(part.Length);
            return;
        }

        if (!_wanted.IsEmpty)
        {
            int taken = Math.Min(part.Length, _wanted.Length);
            part[..taken].CopyTo(_wanted.Span);
            _wanted = _wanted[taken..];
            _payloadUnread -= taken;
            GiveBack(taken);
            part = part[taken..];

            if (_wanted.IsEmpty)
            {
                _arrival.Set();
            }
        }

        if (!part.IsEmpty)
        {
            _received.Add(part, more);
            _link.Count(part.Length);
        }
    }

    /// <summary>Wakes who waits to skip a payload.</summary>
    internal void OnData()
    {
        if (_wanted.IsEmpty)
        {
            _arrival.Set();
        }
    }

    internal void OnEnd()
    {
        if (_payloadDue > 0 || _peerSideEnded)
        {
            throw new ProtocolException($"Stream {Id} ends twice, or within a payload.");
        }

        _peerSideEnded = true;
        _arrival.Set();
        ForgetIfEnded();
    }

    private void TakeWindow(int bytes)
    {
        if (bytes > _window)
        {
            throw new ProtocolException($"{bytes} bytes on stream {Id}, where the credit is {_window}.");
        }

        _window -= bytes;
    }

    private bool TryReceive(out Envelope? message)
    {
        message = null;

        lock (_link.Gate)
        {
            if (TrySkipPayload() && _reset is null)
            {
                if (_messages.TryDequeue(out (Envelope Message, int Header, int Payload) next))
                {
                    message = next.Message;
                    PayloadLength = _payloadUnread = next.Payload;
                    Consume(next.Header);
                    return true;
                }

                if (_peerSideEnded)
                {
                    return true;
                }
            }

            ThrowIfOver();
            _arrival.Await();
            return false;
        }
    }

    // True when nothing of the payload is missing; otherwise what comes next goes to the same place.
    private bool TryRead(Memory<byte> destination)
    {
        lock (_link.Gate)
        {
            if (_reset is null)
            {
                int taken = _received.Take(destination.Span);
                _payloadUnread -= taken;
                Consume(taken);

                if (taken == destination.Length)
                {
                    PayloadLength = 0;
                    return true;
                }

                destination = destination[taken..];
            }

            ThrowIfOver();
            _arrival.Await();
            _wanted = destination;
            return false;
        }
    }

    // Whether the payload is whole. From here on nobody writes to the reader's place.
    private bool EndRead()
    {
        lock (_link.Gate)
        {
            bool isWhole = _wanted.IsEmpty && _reset is null;
            _wanted = default;
            PayloadLength = isWhole ? 0 : _payloadUnread;
            return isWhole;
        }
    }

    // False while a part of the unread payload has yet to arrive.
    private bool TrySkipPayload()
    {
        Drop(_payloadUnread);
        PayloadLength = 0;
        return _payloadUnread == 0;
    }

    private void Drop(int most)
    {
        int dropped = _received.Drop(most);
        _payloadUnread -= dropped;
        Consume(dropped);
    }

    private void Consume(int bytes)
    {
        _link.Count(-bytes);
        GiveBack(bytes);
    }

    // Credit goes back in quarters of the window, not per message.
    private void GiveBack(int bytes)
    {
        _consumed += bytes;

        if (_consumed >= WireLimits.CreditBytes / 4 && !IsOver && !_peerSideEnded)
        {
            _window += _consumed;
            _link.EnqueueWindow(Id, _consumed);
            _consumed = 0;
        }
    }

    private void Discard()
    {
        while (_messages.TryDequeue(out (Envelope Message, int Header, int Payload) unread))
        {
            Consume(unread.Header);
        }

        Drop(int.MaxValue);
        PayloadLength = 0;
    }

    private void DropReceived()
    {
        while (_messages.TryDequeue(out (Envelope Message, int Header, int Payload) unread))
        {
            _link.Count(-unread.Header);
        }

        _link.Count(-_received.Drop(int.MaxValue));
        PayloadLength = 0;
    }
}
