using System.Buffers;
using System.Runtime.InteropServices;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

internal sealed partial class LinkStream
{
    private readonly Signal _arrival = new();
    private readonly Queue<(Envelope Message, int Header, int Payload)> _messages = new();
    private readonly Queue<ReadOnlyMemory<byte>> _chunks = new();
    private int _chunkRead;
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

    internal void OnMessage(Envelope message, FrameHeader frame, ReadOnlyMemory<byte> payload)
    {
        LastActive = _link.Now;
        _payloadDue = frame.Payload - payload.Length;
        int header = WireLimits.MessageCreditBytes + frame.Header;
        _link.Count(header);

        if (Lingers || IsOver)
        {
            Consume(header);
        }
        else
        {
            _messages.Enqueue((message, header, frame.Payload));
        }

        OnData(payload);
    }

    internal void OnData(ReadOnlyMemory<byte> payload)
    {
        LastActive = _link.Now;

        if (!payload.IsEmpty)
        {
            _link.Count(payload.Length);
            _chunks.Enqueue(payload);
        }

        if (Lingers || IsOver)
        {
            DropChunks(int.MaxValue);
        }

        _arrival.Set();
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

    private bool TryRead(ref Memory<byte> destination)
    {
        lock (_link.Gate)
        {
            while (destination.Length > 0 && _reset is null && _chunks.TryPeek(out ReadOnlyMemory<byte> chunk))
            {
                int bytes = Math.Min(destination.Length, chunk.Length - _chunkRead);
                chunk.Span.Slice(_chunkRead, bytes).CopyTo(destination.Span);
                destination = destination[bytes..];
                Advance(bytes);
            }

            if (destination.Length == 0 && _reset is null)
            {
                PayloadLength = 0;
                return true;
            }

            ThrowIfOver();
            _arrival.Await();
            return false;
        }
    }

    // False while a part of the unread payload has yet to arrive.
    private bool TrySkipPayload()
    {
        DropChunks(_payloadUnread);
        PayloadLength = 0;
        return _payloadUnread == 0;
    }

    private void DropChunks(int most)
    {
        while (most > 0 && _chunks.TryPeek(out ReadOnlyMemory<byte> chunk))
        {
            int bytes = Math.Min(most, chunk.Length - _chunkRead);
            most -= bytes;
            Advance(bytes);
        }
    }

    private void Advance(int bytes)
    {
        _payloadUnread -= bytes;
        _chunkRead += bytes;
        Consume(bytes);

        if (_chunkRead == _chunks.Peek().Length)
        {
            Return(_chunks.Dequeue());
            _chunkRead = 0;
        }
    }

    // Credit goes back in quarters of the window, not per message.
    private void Consume(int bytes)
    {
        _link.Count(-bytes);
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

        DropChunks(int.MaxValue);
        PayloadLength = 0;
    }

    private void DropReceived()
    {
        while (_messages.TryDequeue(out (Envelope Message, int Header, int Payload) unread))
        {
            _link.Count(-unread.Header);
        }

        while (_chunks.TryDequeue(out ReadOnlyMemory<byte> chunk))
        {
            _link.Count(_chunkRead - chunk.Length);
            _chunkRead = 0;
            Return(chunk);
        }

        PayloadLength = 0;
    }

    private static void Return(ReadOnlyMemory<byte> chunk)
    {
        if (MemoryMarshal.TryGetArray(chunk, out ArraySegment<byte> segment))
        {
            ArrayPool<byte>.Shared.Return(segment.Array!);
        }
    }
}
