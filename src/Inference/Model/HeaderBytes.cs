using Microsoft.Win32.SafeHandles;

namespace Swarm.Inference.Model;

/// <summary>The first bytes of a model file, read as far as they are asked for and never past the limit.</summary>
internal sealed class HeaderBytes
{
    private const int ChunkBytes = 256 * 1024;

    private readonly SafeFileHandle? _file;
    private byte[] _bytes;
    private int _count;

    /// <summary>A header that is already in memory.</summary>
    public HeaderBytes(ReadOnlyMemory<byte> bytes)
    {
        _bytes = bytes.ToArray();
        _count = _bytes.Length;
        Length = _count;
    }

    /// <summary>The header at the start of an open file.</summary>
    public HeaderBytes(SafeFileHandle file)
    {
        _file = file;
        _bytes = [];
        Length = RandomAccess.GetLength(file);
    }

    /// <summary>Bytes of the whole source.</summary>
    public long Length { get; }

    /// <summary>Bytes <paramref name="start"/> to <paramref name="start"/> + <paramref name="count"/>.</summary>
    public ReadOnlySpan<byte> Slice(int start, int count, string field)
    {
        Ensure((long)start + count, field);
        return _bytes.AsSpan(start, count);
    }

    /// <summary>A view that stays valid: call it once nothing more will be read.</summary>
    public ReadOnlyMemory<byte> Take(int count) => _bytes.AsMemory(0, count);

    /// <summary>Reads on until <paramref name="end"/> bytes are there.</summary>
    public void Ensure(long end, string field)
    {
        if (end <= _count)
        {
            return;
        }

        if (end > Length)
        {
            throw new GgufException(
                field,
                $"the file ends after {Length:N0} bytes, in the middle of its header; download or copy it again.");
        }

        if (end > GgufLimits.HeaderBytesMax)
        {
            throw new GgufException(field, $"the header is longer than {GgufLimits.HeaderBytesMax:N0} bytes.");
        }

        // Doubling, but never beyond what the file really has.
        long wanted = Math.Max(end + ChunkBytes, 2L * _count);
        Grow((int)Math.Min(wanted, Math.Min(Length, GgufLimits.HeaderBytesMax)), field);
    }

    private void Grow(int size, string field)
    {
        Array.Resize(ref _bytes, size);

        while (_count < size)
        {
            int read = RandomAccess.Read(_file!, _bytes.AsSpan(_count), _count);

            if (read == 0)
            {
                throw new GgufException(field, "the file became shorter while it was read; copy it again.");
            }

            _count += read;
        }
    }
}
