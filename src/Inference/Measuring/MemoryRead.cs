using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Swarm.Inference.Kernels;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Measuring;

/// <summary>How fast this machine reads memory right now: the bound of generation.</summary>
public sealed unsafe class MemoryRead : IDisposable
{
    // Larger than any cache.
    private const long BytesRead = 512L << 20;
    private const int Lines = 4;
    private const int Step = Lines * 64;

    private readonly NativeBuffer _memory = new(BytesRead);

    /// <summary>Gigabytes per second, each thread of the pool reading its own part.</summary>
    public double Measure(ComputePool pool, TimeProvider time)
    {
        long[] sums = new long[BytesRead / Step];
        long start = time.GetTimestamp();
        pool.For(sums.Length, Step, (first, last) => sums[first] = Sum(first, last));
        double seconds = time.GetElapsedTime(start).TotalSeconds;
        GC.KeepAlive(sums);
        return BytesRead / seconds / 1e9;
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long Sum(int first, int last)
    {
        byte* source = _memory.Pointer + ((long)first * Step);
        Vector512<long> sum0 = Vector512<long>.Zero;
        Vector512<long> sum1 = Vector512<long>.Zero;
        Vector512<long> sum2 = Vector512<long>.Zero;
        Vector512<long> sum3 = Vector512<long>.Zero;

        for (int i = first; i < last; i++)
        {
            // As products do: without it a core waits for memory rather than memory for the core.
            Prefetch.FewLines(source + Prefetch.Distance, Lines);
            sum0 += Vector512.Load((long*)source);
            sum1 += Vector512.Load((long*)(source + 64));
            sum2 += Vector512.Load((long*)(source + 128));
            sum3 += Vector512.Load((long*)(source + 192));
            source += Step;
        }

        return Vector512.Sum(sum0 + sum1 + sum2 + sum3);
    }
}
