using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Wide = System.Runtime.Intrinsics.X86.Avx2;

namespace Swarm.Inference.Kernels;

internal readonly unsafe partial struct Q8_0
{
    /// <summary>
    /// Magnitude of the weight times the activation with the weight's sign: two products of at most 128 · 127 make
    /// 32,512, so the 16-bit pair cannot saturate.
    /// </summary>
    internal readonly struct Avx2 : IBlockDot
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<int> One(byte* lines, sbyte* x, int sum)
            => Vector512.Create(Half(lines, x), Half(lines + 32, x));

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
        private static Vector256<int> Half(byte* lines, sbyte* x)
        {
            Vector256<int> sum = Vector256<int>.Zero;

            for (int i = 0; i < 8; i++)
            {
                Vector256<sbyte> values = (Vector256.Load(lines + (64 * i)) ^ Vector256.Create((byte)128)).AsSByte();
                Vector256<sbyte> signed = Wide.Sign(Vector256.Create(((int*)x)[i]).AsSByte(), values);
                Vector256<short> pairs = Wide.MultiplyAddAdjacent(Wide.Abs(values), signed);
                sum += Wide.MultiplyAddAdjacent(pairs, Vector256.Create((short)1));
            }

            return sum;
        }
    }
}
