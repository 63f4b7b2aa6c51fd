using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Measuring;

/// <summary>
/// How many multiplications and additions this machine can do right now, with nothing to load: products of bytes into
/// 16-bit sums on the widest instruction that the kernels use, or fused floats where there is none. The bound of
/// prefill.
/// </summary>
public static class ArithmeticPeak
{
    // Independent sums: enough that none waits for the one before.
    private const int Sums = 8;
    private const int Turns = 10_000_000;

    /// <summary>Billions of operations per second; a product and its addition are two.</summary>
    public static double Measure(ComputePool pool, TimeProvider time)
    {
        int lanes = Avx512BW.IsSupported ? 64 : Avx2.IsSupported ? 32 : Vector128<float>.Count;
        float[] results = new float[pool.Threads];
        long start = time.GetTimestamp();
        pool.For(pool.Threads, Turns, (first, last) =>
        {
            for (int part = first; part < last; part++)
            {
                results[part] = Avx512BW.IsSupported ? Bytes512(part)
                    : Avx2.IsSupported ? Bytes256(part) : Floats(part);
            }
        });
        double seconds = time.GetElapsedTime(start).TotalSeconds;
        GC.KeepAlive(results);
        return 2.0 * lanes * Sums * Turns * pool.Threads / seconds / 1e9;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static short Bytes512(int seed)
    {
        var left = Vector512.Create((byte)seed);
        var right0 = Vector512.Create((sbyte)(seed + 0));
        var right1 = Vector512.Create((sbyte)(seed + 1));
        var right2 = Vector512.Create((sbyte)(seed + 2));
        var right3 = Vector512.Create((sbyte)(seed + 3));
        var right4 = Vector512.Create((sbyte)(seed + 4));
        var right5 = Vector512.Create((sbyte)(seed + 5));
        var right6 = Vector512.Create((sbyte)(seed + 6));
        var right7 = Vector512.Create((sbyte)(seed + 7));
        Vector512<short> sum0 = Vector512<short>.Zero;
        Vector512<short> sum1 = Vector512<short>.Zero;
        Vector512<short> sum2 = Vector512<short>.Zero;
        Vector512<short> sum3 = Vector512<short>.Zero;
        Vector512<short> sum4 = Vector512<short>.Zero;
        Vector512<short> sum5 = Vector512<short>.Zero;
        Vector512<short> sum6 = Vector512<short>.Zero;
        Vector512<short> sum7 = Vector512<short>.Zero;

        for (int turn = 0; turn < Turns; turn++)
        {
            sum0 += Avx512BW.MultiplyAddAdjacent(left, right0);
            sum1 += Avx512BW.MultiplyAddAdjacent(left, right1);
            sum2 += Avx512BW.MultiplyAddAdjacent(left, right2);
            sum3 += Avx512BW.MultiplyAddAdjacent(left, right3);
            sum4 += Avx512BW.MultiplyAddAdjacent(left, right4);
            sum5 += Avx512BW.MultiplyAddAdjacent(left, right5);
            sum6 += Avx512BW.MultiplyAddAdjacent(left, right6);
            sum7 += Avx512BW.MultiplyAddAdjacent(left, right7);
            left += Vector512<byte>.One;
        }

        return Vector512.Sum(sum0 + sum1 + sum2 + sum3 + sum4 + sum5 + sum6 + sum7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static short Bytes256(int seed)
    {
        var left = Vector256.Create((byte)seed);
        var right0 = Vector256.Create((sbyte)(seed + 0));
        var right1 = Vector256.Create((sbyte)(seed + 1));
        var right2 = Vector256.Create((sbyte)(seed + 2));
        var right3 = Vector256.Create((sbyte)(seed + 3));
        var right4 = Vector256.Create((sbyte)(seed + 4));
        var right5 = Vector256.Create((sbyte)(seed + 5));
        var right6 = Vector256.Create((sbyte)(seed + 6));
        var right7 = Vector256.Create((sbyte)(seed + 7));
        Vector256<short> sum0 = Vector256<short>.Zero;
        Vector256<short> sum1 = Vector256<short>.Zero;
        Vector256<short> sum2 = Vector256<short>.Zero;
        Vector256<short> sum3 = Vector256<short>.Zero;
        Vector256<short> sum4 = Vector256<short>.Zero;
        Vector256<short> sum5 = Vector256<short>.Zero;
        Vector256<short> sum6 = Vector256<short>.Zero;
        Vector256<short> sum7 = Vector256<short>.Zero;

        for (int turn = 0; turn < Turns; turn++)
        {
            sum0 += Avx2.MultiplyAddAdjacent(left, right0);
            sum1 += Avx2.MultiplyAddAdjacent(left, right1);
            sum2 += Avx2.MultiplyAddAdjacent(left, right2);
            sum3 += Avx2.MultiplyAddAdjacent(left, right3);
            sum4 += Avx2.MultiplyAddAdjacent(left, right4);
            sum5 += Avx2.MultiplyAddAdjacent(left, right5);
            sum6 += Avx2.MultiplyAddAdjacent(left, right6);
            sum7 += Avx2.MultiplyAddAdjacent(left, right7);
            left += Vector256<byte>.One;
        }

        return Vector256.Sum(sum0 + sum1 + sum2 + sum3 + sum4 + sum5 + sum6 + sum7);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Floats(int seed)
    {
        var left = Vector128.Create((float)seed);
        var right = Vector128.Create(1 / 3f);
        var sum0 = Vector128.Create(0f);
        var sum1 = Vector128.Create(1f);
        var sum2 = Vector128.Create(2f);
        var sum3 = Vector128.Create(3f);
        var sum4 = Vector128.Create(4f);
        var sum5 = Vector128.Create(5f);
        var sum6 = Vector128.Create(6f);
        var sum7 = Vector128.Create(7f);

        for (int turn = 0; turn < Turns; turn++)
        {
            sum0 = Vector128.FusedMultiplyAdd(sum0, right, left);
            sum1 = Vector128.FusedMultiplyAdd(sum1, right, left);
            sum2 = Vector128.FusedMultiplyAdd(sum2, right, left);
            sum3 = Vector128.FusedMultiplyAdd(sum3, right, left);
            sum4 = Vector128.FusedMultiplyAdd(sum4, right, left);
            sum5 = Vector128.FusedMultiplyAdd(sum5, right, left);
            sum6 = Vector128.FusedMultiplyAdd(sum6, right, left);
            sum7 = Vector128.FusedMultiplyAdd(sum7, right, left);
        }

        return Vector128.Sum(sum0 + sum1 + sum2 + sum3 + sum4 + sum5 + sum6 + sum7);
    }
}
