using System.Buffers;

namespace Swarm.Protocol.Transport;

/// <summary>Bytes of payloads that have arrived before anybody had a place for them, in pooled arrays.</summary>
/// <remarks>A plain structure: whoever owns it guards it.</remarks>
internal sealed class ReceivedBytes
{
    private readonly Queue<Chunk> _chunks = new();
    private Chunk? _newest;

    /// <summary>How many bytes are here.</summary>
    internal int Count { get; private set; }

    /// <summary>Adds bytes, behind which <paramref name="more"/> will follow at once.</summary>
    internal void Add(ReadOnlySpan<byte> bytes, int more)
    {
        if (_newest is null || _newest.Room < bytes.Length)
        {
            _newest = new Chunk(bytes.Length + more);
            _chunks.Enqueue(_newest);
        }

        _newest.Add(bytes);
        Count += bytes.Length;

        if (more == 0)
        {
            _newest = null;
        }
    }

    /// <summary>Takes the oldest bytes; how many there were.</summary>
    internal int Take(Span<byte> target)
    {
        int taken = 0;

        while (taken < target.Length && _chunks.TryPeek(out Chunk? oldest))
        {
            taken += oldest.Take(target[taken..]);
            Leave(oldest);
        }

        Count -= taken;
        return taken;
    }

    /// <summary>Drops the oldest bytes; how many there were.</summary>
    internal int Drop(int most)
    {
        int dropped = 0;

        while (dropped < most && _chunks.TryPeek(out Chunk? oldest))
        {
            dropped += oldest.Drop(most - dropped);
            Leave(oldest);
        }

        Count -= dropped;
        return dropped;
    }

    private void Leave(Chunk oldest)
    {
        if (oldest.IsEmpty)
        {
            // More of its frame gets an array of its own.
            _newest = oldest == _newest ? null : _newest;
            _ = _chunks.Dequeue();
            oldest.Return();
        }
    }

    private sealed class Chunk(int bytes)
    {
        private readonly byte[] _bytes = ArrayPool<byte>.Shared.Rent(bytes);
        private int _start;
        private int _end;

        internal bool IsEmpty => _start == _end;

        internal int Room => _bytes.Length - _end;

        internal void Add(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_bytes.AsSpan(_end));
            _end += bytes.Length;
        }

        internal int Take(Span<byte> target)
        {
            int taken = Math.Min(target.Length, _end - _start);
            _bytes.AsSpan(_start, taken).CopyTo(target);
            _start += taken;
            return taken;
        }

        internal int Drop(int most)
        {
            int dropped = Math.Min(most, _end - _start);
            _start += dropped;
            return dropped;
        }

        internal void Return() => ArrayPool<byte>.Shared.Return(_bytes);
    }
}
