using System.Buffers.Binary;
using System.Net.Sockets;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

internal sealed partial class Link
{
    private int _buffered;

    /// <summary>Bytes received and not yet consumed, over all streams.</summary>
    internal void Count(int bytes) => _buffered += bytes;

    private async Task ReadAllAsync()
    {
        try
        {
            while (await _reader.NextAsync(CancellationToken.None) is { } frame)
            {
                await ReadAsync(frame);
                Volatile.Write(ref _lastHeard, _time.GetTimestamp());
            }

            Close("The peer closed the connection.", goodbye: null, isLost: true);
        }
        catch (ProtocolException e)
        {
            Abort(FaultCode.Protocol, e.Message);
            return;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException
            or InvalidOperationException)
        {
            Close($"The connection broke: {e.Message}", goodbye: null, isLost: true);
        }

        EndConnection();
    }

    private async ValueTask ReadAsync(FrameHeader frame)
    {
        switch (frame.Type)
        {
            case FrameType.Message:
                await ReadMessageAsync(frame);
                break;

            case FrameType.Data:
                await ReadDataAsync(frame);
                break;

            case FrameType.End:
                OnEnd(frame.Stream);
                break;

            case FrameType.Window or FrameType.Ping or FrameType.Pong:
                OnSmall(frame, (await _reader.PeekAsync(frame.Payload, CancellationToken.None)).Span);
                break;

            case FrameType.Membership when _membership is not null:
                _membership.Learn((await _reader.PeekAsync(frame.Payload, CancellationToken.None)).Span);
                break;

            case FrameType.Membership:
                throw new ProtocolException("A proof of membership in a public swarm.");

            case FrameType.Reset or FrameType.GoAway:
                ReadOnlyMemory<byte> fault = await _reader.PeekAsync(frame.Header, CancellationToken.None);
                OnFault(frame, Protobuf.Parse(Fault.Parser, fault.Span));
                break;

            case FrameType.Hello:
                throw new ProtocolException("A second Hello.");

            default:
                await _reader.SkipAsync(frame.Header + frame.Payload, CancellationToken.None);
                break;
        }
    }

    private async ValueTask ReadMessageAsync(FrameHeader frame)
    {
        LinkStream? stream = FindOrAccept(frame);

        // A stream this side has given up: what the peer sent before it knew is read and dropped.
        if (stream is null)
        {
            await _reader.SkipAsync(frame.Header + frame.PayloadHere, CancellationToken.None);
            return;
        }

        lock (Gate)
        {
            stream.Charge(WireLimits.MessageCreditBytes + frame.Header + frame.PayloadHere);
        }

        ReadOnlyMemory<byte> header = await _reader.PeekAsync(frame.Header, CancellationToken.None);
        Envelope message = Protobuf.Parse(Envelope.Parser, header.Span);
        message.WireBytes = frame.Header;
        await ReadPayloadAsync(stream, frame.PayloadHere);

        lock (Gate)
        {
            stream.OnMessage(message, frame);
            ResetIfTooMuch(stream);
        }

        Kick();
    }

    private async ValueTask ReadDataAsync(FrameHeader frame)
    {
        LinkStream? stream;

        lock (Gate)
        {
            stream = Find(frame.Stream);
            stream?.ChargeData(frame.Payload);
        }

        if (stream is null)
        {
            await _reader.SkipAsync(frame.Payload, CancellationToken.None);
            return;
        }

        await ReadPayloadAsync(stream, frame.Payload);

        lock (Gate)
        {
            stream.OnData();
            ResetIfTooMuch(stream);
        }

        Kick();
    }

    private async ValueTask ReadPayloadAsync(LinkStream stream, int bytes)
    {
        while (bytes > 0)
        {
            ReadOnlyMemory<byte> part = await _reader.PeekSomeAsync(bytes, CancellationToken.None);
            bytes -= part.Length;

            lock (Gate)
            {
                stream.OnPayload(part.Span, bytes);
            }
        }
    }

    private void ResetIfTooMuch(LinkStream stream)
    {
        if (_buffered > WireLimits.LinkBytesMax)
        {
            stream.ResetLocked(new Fault { Code = FaultCode.Busy, Message = "Too much on this link is unread." });
        }
    }

    private void OnEnd(uint id)
    {
        lock (Gate)
        {
            Find(id)?.OnEnd();
        }
    }

    private void OnSmall(FrameHeader frame, ReadOnlySpan<byte> payload)
    {
        lock (Gate)
        {
            switch (frame.Type)
            {
                case FrameType.Window:
                    Find(frame.Stream)?.OnWindow(BinaryPrimitives.ReadUInt32LittleEndian(payload));
                    break;

                case FrameType.Ping:
                    OnPing(payload);
                    break;

                default:
                    OnPong(BinaryPrimitives.ReadInt64LittleEndian(payload));
                    break;
            }
        }

        Kick();
    }

    private void OnFault(FrameHeader frame, Fault fault)
    {
        if (frame.Type == FrameType.GoAway)
        {
            Close($"The peer ended the link: {fault.Message}", goodbye: null, fault.Code == FaultCode.Leaving);
            return;
        }

        lock (Gate)
        {
            if (++_resetsHeard > WireLimits.ResetsPerSecondMax)
            {
                throw new ProtocolException("The peer opens streams only to reset them.");
            }

            Find(frame.Stream)?.OnReset(fault);
        }
    }

    private LinkStream? FindOrAccept(FrameHeader frame)
    {
        lock (Gate)
        {
            return frame.Flags.HasFlag(FrameFlags.Open) ? Accept(frame) : Find(frame.Stream);
        }
    }

    // Null for a stream that has been; a number that never was is a lie.
    private LinkStream? Find(uint id)
    {
        if (_streams.TryGetValue(id, out LinkStream? stream))
        {
            return stream;
        }

        bool wasOpen = IsOwn(id) ? id < _nextStream : id <= _lastOfPeer;
        return wasOpen ? null : throw new ProtocolException($"A frame for stream {id}, which was never opened.");
    }

    private LinkStream? Accept(FrameHeader frame)
    {
        if (IsOwn(frame.Stream) || frame.Stream <= _lastOfPeer)
        {
            throw new ProtocolException($"The peer opens stream {frame.Stream}, which is not its next.");
        }

        _lastOfPeer = frame.Stream;
        StreamPriority priority = frame.Flags.HasFlag(FrameFlags.Bulk) ? StreamPriority.Bulk
            : frame.Flags.HasFlag(FrameFlags.Decode) ? StreamPriority.Decode
            : StreamPriority.Control;
        var stream = new LinkStream(this, priority, _time.GetTimestamp(), frame.Stream);

        if (_whyClosed is not null)
        {
            return null;
        }

        if (_streams.Count >= WireLimits.StreamsMax || !_accepted.Writer.TryWrite(stream))
        {
            var busy = new Fault { Code = FaultCode.Busy, Message = "Too many streams are open on this link." };
            EnqueueFault(FrameType.Reset, frame.Stream, busy);
            return null;
        }

        _streams.Add(frame.Stream, stream);
        return stream;
    }

    private bool IsOwn(uint id) => (id % 2 == 1) == IsDialler;
}
