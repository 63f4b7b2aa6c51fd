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
        bool[] results = new bool[pool.Threads];
        long start = time.GetTimestamp();
        pool.For(pool.Threads, Turns, (first, last) =>
        {
            for (int part = first; part < last; part++)
            {
                results[part] = Avx512BW.IsSupported ? Run<Bytes512, Vector512<short>>(part)
                    : Avx2.IsSupported ? Run<Bytes256, Vector256<short>>(part)
                    : Run<Floats, Vector128<float>>(part);
            }
        });
        double seconds = time.GetElapsedTime(start).TotalSeconds;
        GC.KeepAlive(results);
        return 2.0 * lanes * Sums * Turns * pool.Threads / seconds / 1e9;
    }

    // What it returns only keeps the compiler from leaving the work out.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Run<TStep, TVector>(int seed)
        where TStep : struct, IStep<TVector>
        where TVector : struct
    {
        TVector left = TStep.Fill(seed);
        TVector right0 = TStep.Fill(seed + 1), right1 = TStep.Fill(seed + 2);
        TVector right2 = TStep.Fill(seed + 3), right3 = TStep.Fill(seed + 4);
        TVector right4 = TStep.Fill(seed + 5), right5 = TStep.Fill(seed + 6);
        TVector right6 = TStep.Fill(seed + 7), right7 = TStep.Fill(seed + 8);
        TVector sum0 = left, sum1 = left, sum2 = left, sum3 = left, sum4 = left, sum5 = left, sum6 = left, sum7 = left;

        for (int turn = 0; turn < Turns; turn++)
        {
            sum0 = TStep.Add(sum0, left, right0);
            sum1 = TStep.Add(sum1, left, right1);
            sum2 = TStep.Add(sum2, left, right2);
            sum3 = TStep.Add(sum3, left, right3);
            sum4 = TStep.Add(sum4, left, right4);
            sum5 = TStep.Add(sum5, left, right5);
            sum6 = TStep.Add(sum6, left, right6);
            sum7 = TStep.Add(sum7, left, right7);
            left = TStep.Change(left);
        }

        return sum0.Equals(sum1) ^ sum2.Equals(sum3) ^ sum4.Equals(sum5) ^ sum6.Equals(sum7);
    }

    /// <summary>One instruction's product and addition.</summary>
    private interface IStep<TVector>
    {
        static abstract TVector Fill(int value);

        static abstract TVector Add(TVector sum, TVector left, TVector right);

        /// <summary>Another factor for the next turn, so that no product can be kept.</summary>
        static abstract TVector Change(TVector left);
    }

    private readonly struct Bytes512 : IStep<Vector512<short>>
    {
        public static Vector512<short> Fill(int value) => Vector512.Create((byte)value).AsInt16();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<short> Add(Vector512<short> sum, Vector512<short> left, Vector512<short> right)
            => sum + Avx512BW.MultiplyAddAdjacent(left.AsByte(), right.AsSByte());

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<short> Change(Vector512<short> left) => left + Vector512<short>.One;
    }

    private readonly struct Bytes256 : IStep<Vector256<short>>
    {
        public static Vector256<short> Fill(int value) => Vector256.Create((byte)value).AsInt16();

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<short> Add(Vector256<short> sum, Vector256<short> left, Vector256<short> right)
            => sum + Avx2.MultiplyAddAdjacent(left.AsByte(), right.AsSByte());

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<short> Change(Vector256<short> left) => left + Vector256<short>.One;
    }

    private readonly struct Floats : IStep<Vector128<float>>
    {
        public static Vector128<float> Fill(int value) => Vector128.Create(1f / (value + 3));

        // A sum times less than one stays finite.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> Add(Vector128<float> sum, Vector128<float> left, Vector128<float> right)
            => Vector128.FusedMultiplyAdd(sum, right, left);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector128<float> Change(Vector128<float> left) => left;
    }
}
