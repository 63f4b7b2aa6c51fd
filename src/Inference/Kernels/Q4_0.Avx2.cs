using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Wide = System.Runtime.Intrinsics.X86.Avx2;

namespace Swarm.Inference.Kernels;

internal readonly unsafe partial struct Q4_0
{
    /// <summary>The same in halves of eight rows.</summary>
    internal readonly struct Avx2 : IBlockDot
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<int> One(byte* lines, sbyte* x, int sum)
            => Vector512.Create(Half(lines, x, sum), Half(lines + 32, x, sum));

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
            dot0 = One(lines, x, sums[0]);
            dot1 = One(lines, x + stride, sums[1]);
            dot2 = One(lines, x + (2 * stride), sums[2]);
            dot3 = One(lines, x + (3 * stride), sums[3]);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Half(byte* lines, sbyte* x, int sum)
        {
            Vector256<short> even = Products(lines, x, 0) + Products(lines, x, 1);
            Vector256<short> odd = Products(lines, x, 2) + Products(lines, x, 3);
            return Wide.MultiplyAddAdjacent(even + odd, Vector256.Create((short)1)) - Vector256.Create(8 * sum);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<short> Products(byte* lines, sbyte* x, int line)
        {
            var both = Vector256.Load(lines + (64 * line));
            Vector256<byte> low = both & Vector256.Create((byte)15);
            Vector256<byte> high = Vector256.ShiftRightLogical(both.AsUInt16(), 4).AsByte()
                & Vector256.Create((byte)15);
            return Dot(low, x + (4 * line)) + Dot(high, x + (4 * line) + 16);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<short> Dot(Vector256<byte> values, sbyte* x)
            => Wide.MultiplyAddAdjacent(values, Vector256.Create(*(int*)x).AsSByte());
    }
}
