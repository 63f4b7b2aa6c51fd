namespace Swarm.Protocol.Wire;

/// <summary>
/// Takes frames out of a byte stream: headers through a small buffer, large parts straight to their place.
/// </summary>
internal sealed class FrameReader(Stream source, TimeProvider time)
{
    // One TLS record: what SslStream hands over at once.
    private const int BufferBytes = 16 * 1024;

    private readonly byte[] _buffer = new byte[BufferBytes];
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

    /// <summary>Reads exactly so many bytes of the frame.</summary>
    internal async ValueTask ReadAsync(Memory<byte> target, CancellationToken cancel)
    {
        while (target.Length > 0)
        {
            if (_start == _end && target.Length >= BufferBytes)
            {
                int read = await source.ReadAsync(target, cancel);
                ThrowIfEnded(read);
                target = target[read..];
                continue;
            }

            if (_start == _end)
            {
                ThrowIfEnded(await FillAsync(cancel) ? 1 : 0);
            }

            int bytes = Math.Min(target.Length, _end - _start);
            _buffer.AsSpan(_start, bytes).CopyTo(target.Span);
            _start += bytes;
            target = target[bytes..];
        }
    }

    /// <summary>Passes over bytes of the frame that nobody wants.</summary>
    internal async ValueTask SkipAsync(int bytes, CancellationToken cancel)
    {
        while (bytes > 0)
        {
            int part = Math.Min(bytes, BufferBytes);
            _ = await PeekAsync(part, cancel);
            bytes -= part;
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
        }

        int read = await source.ReadAsync(_buffer.AsMemory(_end), cancel);
        _end += read;
        return read > 0;
    }
}
