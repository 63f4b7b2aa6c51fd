using System.Buffers;

namespace Swarm.Protocol.Wire;

/// <summary>
/// Takes frames out of a byte stream, through a small buffer that it holds only while there are bytes in it: of
/// thousands of links most say nothing.
/// </summary>
internal sealed class FrameReader(Stream source, TimeProvider time)
{
    // One TLS record: what SslStream hands over at once.
    private const int BufferBytes = 16 * 1024;

    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private long _frameBegan;

    /// <summary>When the frame now being read began; zero between frames.</summary>
    internal long FrameBegan => Volatile.Read(ref _frameBegan);

    /// <summary>The next frame's header; null when the peer has closed between two frames.</summary>
    internal async ValueTask<FrameHeader?> NextAsync(CancellationToken cancel)
    {
        Volatile.Write(ref _frameBegan, 0);

        if (_start == _end && !await FillAsync(cancel))
        {
            return null;
        }

        Volatile.Write(ref _frameBegan, Math.Max(1, time.GetTimestamp()));
        await BufferAsync(FrameHeader.Size, cancel);
        var header = FrameHeader.Read(_buffer.AsSpan(_start, FrameHeader.Size));
        _start += FrameHeader.Size;
        return header;
    }

    /// <summary>The next bytes of the frame, without a copy, if the buffer can hold so many.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> PeekAsync(int bytes, CancellationToken cancel)
    {
        if (bytes > BufferBytes)
        {
            byte[] large = new byte[bytes];
            await ReadAsync(large, cancel);
            return large;
        }

        await BufferAsync(bytes, cancel);
        _start += bytes;
        return _buffer.AsMemory(_start - bytes, bytes);
    }

    /// <summary>
    /// The next bytes of the frame, at least one and at most so many, without a copy: those that are here already.
    /// </summary>
    internal async ValueTask<ReadOnlyMemory<byte>> PeekSomeAsync(int most, CancellationToken cancel)
    {
        if (_start == _end)
        {
            ThrowIfEnded(await FillAsync(cancel) ? 1 : 0);
        }

        int bytes = Math.Min(most, _end - _start);
        _start += bytes;
        return _buffer.AsMemory(_start - bytes, bytes);
    }

    /// <summary>Reads exactly so many bytes of the frame.</summary>
    internal async ValueTask ReadAsync(Memory<byte> target, CancellationToken cancel)
    {
        while (target.Length > 0)
        {
            ReadOnlyMemory<byte> part = await PeekSomeAsync(target.Length, cancel);
            part.CopyTo(target);
            target = target[part.Length..];
        }
    }

    /// <summary>Passes over bytes of the frame that nobody wants.</summary>
    internal async ValueTask SkipAsync(int bytes, CancellationToken cancel)
    {
        while (bytes > 0)
        {
            bytes -= (await PeekSomeAsync(bytes, cancel)).Length;
        }
    }

    private static void ThrowIfEnded(int read)
    {
        if (read == 0)
        {
            throw new EndOfStreamException("The connection ended within a frame.");
        }
    }

    private async ValueTask BufferAsync(int bytes, CancellationToken cancel)
    {
        while (_end - _start < bytes)
        {
            if (BufferBytes - _start < bytes)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            ThrowIfEnded(await FillAsync(cancel) ? 1 : 0);
        }
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancel)
    {
        if (_start == _end)
        {
            (_start, _end) = (0, 0);
            await WaitAsync(cancel);
        }

        int read = await source.ReadAsync(_buffer.AsMemory(_end), cancel);
        _end += read;
        return read > 0;
    }

    // Reads nothing, which ends when there is something, or the end.
    private async ValueTask WaitAsync(CancellationToken cancel)
    {
        ValueTask<int> arrival = source.ReadAsync(Memory<byte>.Empty, cancel);

        if (!arrival.IsCompletedSuccessfully)
        {
            GiveBack();
        }

        _ = await arrival;

        if (_buffer.Length == 0)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        }
    }

    private void GiveBack()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }
}
