using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

internal readonly unsafe partial struct Q4_0
{
    /// <summary>
    /// Byte products summed in 16 bits: sixteen products of at most 15 · 127 to a lane make 30,480, which fits.
    /// </summary>
    internal readonly struct Avx512 : IBlockDot
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<int> One(byte* lines, sbyte* x, int sum)
        {
            Vector512<short> even = Products(lines, x, 0) + Products(lines, x, 1);
            Vector512<short> odd = Products(lines, x, 2) + Products(lines, x, 3);
            return Finish(even + odd, sum);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Four(
            byte* lines,
            sbyte* x,
            nint stride,
            Vector128<int> sums,
            out Vector512<int> dot0,
            out Vector512<int> dot1,
            out Vector512<int> dot2,
            out Vector512<int> dot3)
        {
            Vector512<short> t0 = Vector512<short>.Zero;
            Vector512<short> t1 = Vector512<short>.Zero;
            Vector512<short> t2 = Vector512<short>.Zero;
            Vector512<short> t3 = Vector512<short>.Zero;

            for (int i = 0; i < 4; i++)
            {
                var both = Vector512.Load(lines + (64 * i));
                Vector512<byte> low = both & Vector512.Create((byte)15);
                Vector512<byte> high = Vector512.ShiftRightLogical(both.AsUInt16(), 4).AsByte()
                    & Vector512.Create((byte)15);
                sbyte* at = x + (4 * i);
                t0 += Dot(low, at) + Dot(high, at + 16);
                t1 += Dot(low, at + stride) + Dot(high, at + stride + 16);
                t2 += Dot(low, at + (2 * stride)) + Dot(high, at + (2 * stride) + 16);
                t3 += Dot(low, at + (3 * stride)) + Dot(high, at + (3 * stride) + 16);
            }

            dot0 = Finish(t0, sums[0]);
            dot1 = Finish(t1, sums[1]);
            dot2 = Finish(t2, sums[2]);
            dot3 = Finish(t3, sums[3]);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<short> Products(byte* lines, sbyte* x, int line)
        {
            var both = Vector512.Load(lines + (64 * line));
            Vector512<byte> low = both & Vector512.Create((byte)15);
            Vector512<byte> high = Vector512.ShiftRightLogical(both.AsUInt16(), 4).AsByte()
                & Vector512.Create((byte)15);
            return Dot(low, x + (4 * line)) + Dot(high, x + (4 * line) + 16);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<short> Dot(Vector512<byte> values, sbyte* x)
            => Avx512BW.MultiplyAddAdjacent(values, Vector512.Create(*(int*)x).AsSByte());

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector512<int> Finish(Vector512<short> products, int sum)
            => Avx512BW.MultiplyAddAdjacent(products, Vector512.Create((short)1)) - Vector512.Create(8 * sum);
    }
}
