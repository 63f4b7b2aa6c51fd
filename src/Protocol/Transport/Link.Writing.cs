using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using Google.Protobuf;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

internal sealed partial class Link
{
    // A write ends soon after this much, so that what becomes urgent meanwhile does not wait long. Parts of payloads
    // fill it to the last byte: four whole TLS records.
    private const int WriteBytes = 64 * 1024;

    // Less room is not worth a frame.
    private const int RoomBytesMin = 1024;

    // What was in the buffer when the largest frame was added to it.
    private const int WriteBufferBytes =
        WriteBytes + FrameHeader.Size + WireLimits.HeaderBytesMax + WireLimits.FramePayloadBytesMax;

    private readonly Queue<byte[]> _control = new();
    private readonly Queue<LinkStream>[] _ready = [new(), new(), new()];
    private bool _writing;
    private long _writeBegan;

    /// <summary>
    /// Writes what is ready. The caller itself becomes the writer if there is none: no hop to another thread.
    /// </summary>
    internal void Kick()
    {
        lock (Gate)
        {
            if (_writing || (_whyClosed is null && _control.Count == 0 && !HasReady))
            {
                return;
            }

            _writing = true;
        }

        _ = WriteAllAsync();
    }

    /// <summary>Puts a stream in the line of its priority.</summary>
    internal void Ready(LinkStream stream)
    {
        Debug.Assert(Gate.IsHeldByCurrentThread);
        _ready[(int)stream.Priority].Enqueue(stream);
    }

    internal void EnqueueWindow(uint stream, int bytes)
    {
        Span<byte> credit = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32LittleEndian(credit, bytes);
        Enqueue(FrameType.Window, stream, [], credit);
    }

    internal void EnqueueFault(FrameType type, uint stream, Fault fault)
    {
        if (fault.Message.Length > WireLimits.FaultLettersMax)
        {
            fault = fault.Clone();
            fault.Message = fault.Message[..WireLimits.FaultLettersMax];
        }

        Enqueue(type, stream, fault.ToByteArray(), []);
    }

    private void Enqueue(FrameType type, uint stream, ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        Debug.Assert(Gate.IsHeldByCurrentThread);

        if (_control.Count >= WireLimits.ControlFramesMax)
        {
            // The peer makes us answer and does not read; the next watch closes the link.
            _flooded = true;
            return;
        }

        byte[] frame = new byte[FrameHeader.Size + header.Length + payload.Length];
        new FrameHeader(type, FrameFlags.None, stream, header.Length, payload.Length).Write(frame);
        header.CopyTo(frame.AsSpan(FrameHeader.Size));
        payload.CopyTo(frame.AsSpan(FrameHeader.Size + header.Length));
        _control.Enqueue(frame);
    }

    private async Task WriteAllAsync()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(WriteBufferBytes);

        try
        {
            while (TryFill(buffer, out int bytes))
            {
                Volatile.Write(ref _writeBegan, Math.Max(1, _time.GetTimestamp()));
                await _connection.WriteAsync(buffer.AsMemory(0, bytes));
                Volatile.Write(ref _writeBegan, 0);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException
            or InvalidOperationException)
        {
            Close($"The connection broke: {e.Message}", goodbye: null, isLost: true);
            EndConnection();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Small frames of the link first, then one frame of each stream in turn, the most urgent line first.
    private bool TryFill(byte[] buffer, out int bytes)
    {
        bytes = 0;

        lock (Gate)
        {
            while (bytes < WriteBytes && _control.TryDequeue(out byte[]? frame))
            {
                frame.CopyTo(buffer, bytes);
                bytes += frame.Length;
            }

            foreach (Queue<LinkStream> line in _ready)
            {
                while (bytes <= WriteBytes - RoomBytesMin && line.TryDequeue(out LinkStream? stream))
                {
                    bytes += stream.TakeFrame(buffer.AsSpan(bytes), WriteBytes - bytes);
                }
            }

            _writing = bytes > 0;

            if (!_writing && _whyClosed is not null)
            {
                // The goodbye is out; what the peer still sends is read and dropped until it closes or time is up.
                _bearer.EndSending();
            }

            return _writing;
        }
    }

    private bool HasReady => _ready[0].Count > 0 || _ready[1].Count > 0 || _ready[2].Count > 0;

    private void ClearOutbound()
    {
        _control.Clear();

        foreach (Queue<LinkStream> line in _ready)
        {
            line.Clear();
        }
    }
}
