using System.Buffers;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Making;

/// <summary>Brings the rows of a tensor into a storage type, many at a time, and writes them in their order.</summary>
internal sealed class RowEncoder(ComputePool pool)
{
    // What is in memory at once.
    private const int ValuesPerTurn = 1 << 22;

    // Nanoseconds, roughly: enough that two rows are worth two threads.
    private const long CostOfValue = 10;

    private byte[] _stored = [];

    /// <summary>Gives the values of one row.</summary>
    public delegate void RowSource(long row, Span<float> values);

    /// <summary>Writes all rows; <paramref name="done"/> is told how many values were written.</summary>
    public void Write(
        Stream stream, GgmlType type, long rows, int width, RowSource source, Action<long> done)
    {
        int rowBytes = checked((int)type.BytesOf(width));
        int rowsPerTurn = (int)Math.Clamp(ValuesPerTurn / width, 1, rows);

        if (_stored.Length < (long)rowsPerTurn * rowBytes)
        {
            _stored = new byte[rowsPerTurn * rowBytes];
        }

        for (long first = 0; first < rows; first += rowsPerTurn)
        {
            long start = first;
            int count = (int)Math.Min(rowsPerTurn, rows - first);
            pool.For(count, width * CostOfValue, (from, to) => Encode(type, start, from, to, width, source));
            stream.Write(_stored, 0, count * rowBytes);
            done((long)count * width);
        }
    }

    private void Encode(GgmlType type, long start, int from, int to, int width, RowSource source)
    {
        int rowBytes = (int)type.BytesOf(width);
        float[] rented = ArrayPool<float>.Shared.Rent(width);
        Span<float> values = rented.AsSpan(0, width);

        for (int row = from; row < to; row++)
        {
            source(start + row, values);
            GgmlCodec.Quantize(type, values, _stored.AsSpan(row * rowBytes, rowBytes));
        }

        ArrayPool<float>.Shared.Return(rented);
    }
}
