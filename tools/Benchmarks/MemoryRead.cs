using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Swarm.Benchmarks;

/// <summary>How fast this machine reads memory right now: the bound of generation.</summary>
internal sealed class MemoryRead
{
    // Larger than any cache.
    private readonly ulong[] _memory = new ulong[(512 << 20) / sizeof(ulong)];

    public MemoryRead() => _memory.AsSpan().Fill(1);

    /// <summary>Gigabytes per second, each thread reading its own part.</summary>
    public double Measure(int threads)
    {
        long start = Stopwatch.GetTimestamp();
        ulong[] sums = new ulong[threads];
        var readers = new Thread[threads];

        for (int part = 0; part < threads; part++)
        {
            int mine = part;
            int count = _memory.Length / threads;
            readers[part] = new Thread(() => sums[mine] = Sum(count * mine, count));
            readers[part].Start();
        }

        Array.ForEach(readers, reader => reader.Join());
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        GC.KeepAlive(sums);
        return _memory.Length * (double)sizeof(ulong) / seconds / 1e9;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ulong Sum(int first, int count)
    {
        ReadOnlySpan<Vector<ulong>> lanes = MemoryMarshal.Cast<ulong, Vector<ulong>>(_memory.AsSpan(first, count));
        Vector<ulong> sum0 = Vector<ulong>.Zero;
        Vector<ulong> sum1 = Vector<ulong>.Zero;
        Vector<ulong> sum2 = Vector<ulong>.Zero;
        Vector<ulong> sum3 = Vector<ulong>.Zero;

        for (int i = 0; i + 4 <= lanes.Length; i += 4)
        {
            sum0 += lanes[i];
            sum1 += lanes[i + 1];
            sum2 += lanes[i + 2];
            sum3 += lanes[i + 3];
        }

        return Vector.Sum(sum0 + sum1 + sum2 + sum3);
    }
}
