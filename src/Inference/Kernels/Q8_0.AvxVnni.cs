using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Dots = System.Runtime.Intrinsics.X86.AvxVnni;

namespace Swarm.Inference.Kernels;

internal readonly unsafe partial struct Q8_0
{
    /// <summary>Byte dots straight into 32 bits; the turned sign is taken back by the sum of the activations.</summary>
    internal readonly struct AvxVnni : IBlockDot
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<int> One(byte* lines, sbyte* x, int sum)
        {
            var lower0 = Vector256.Create(-128 * sum);
            Vector256<int> upper0 = lower0;
            Vector256<int> lower1 = Vector256<int>.Zero;
            Vector256<int> upper1 = Vector256<int>.Zero;

            for (int i = 0; i < 8; i += 2)
            {
                Vector256<sbyte> even = Vector256.Create(((int*)x)[i]).AsSByte();
                Vector256<sbyte> odd = Vector256.Create(((int*)x)[i + 1]).AsSByte();
                lower0 = Dots.MultiplyWideningAndAdd(lower0, Vector256.Load(lines + (64 * i)), even);
                upper0 = Dots.MultiplyWideningAndAdd(upper0, Vector256.Load(lines + (64 * i) + 32), even);
                lower1 = Dots.MultiplyWideningAndAdd(lower1, Vector256.Load(lines + (64 * i) + 64), odd);
                upper1 = Dots.MultiplyWideningAndAdd(upper1, Vector256.Load(lines + (64 * i) + 96), odd);
            }

            return Vector512.Create(lower0 + lower1, upper0 + upper1);
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
            Vector128<int> turned = sums * -128;
            var lower0 = Vector256.Create(turned[0]);
            var lower1 = Vector256.Create(turned[1]);
            var lower2 = Vector256.Create(turned[2]);
            var lower3 = Vector256.Create(turned[3]);
            Vector256<int> upper0 = lower0;
            Vector256<int> upper1 = lower1;
            Vector256<int> upper2 = lower2;
            Vector256<int> upper3 = lower3;

            for (int i = 0; i < 8; i++)
            {
                var lower = Vector256.Load(lines + (64 * i));
                var upper = Vector256.Load(lines + (64 * i) + 32);
                sbyte* at = x + (4 * i);
                Vector256<sbyte> x0 = Vector256.Create(*(int*)at).AsSByte();
                Vector256<sbyte> x1 = Vector256.Create(*(int*)(at + stride)).AsSByte();
                Vector256<sbyte> x2 = Vector256.Create(*(int*)(at + (2 * stride))).AsSByte();
                Vector256<sbyte> x3 = Vector256.Create(*(int*)(at + (3 * stride))).AsSByte();
                lower0 = Dots.MultiplyWideningAndAdd(lower0, lower, x0);
                lower1 = Dots.MultiplyWideningAndAdd(lower1, lower, x1);
                lower2 = Dots.MultiplyWideningAndAdd(lower2, lower, x2);
                lower3 = Dots.MultiplyWideningAndAdd(lower3, lower, x3);
                upper0 = Dots.MultiplyWideningAndAdd(upper0, upper, x0);
                upper1 = Dots.MultiplyWideningAndAdd(upper1, upper, x1);
                upper2 = Dots.MultiplyWideningAndAdd(upper2, upper, x2);
                upper3 = Dots.MultiplyWideningAndAdd(upper3, upper, x3);
            }

            dot0 = Vector512.Create(lower0, upper0);
            dot1 = Vector512.Create(lower1, upper1);
            dot2 = Vector512.Create(lower2, upper2);
            dot3 = Vector512.Create(lower3, upper3);
        }
    }
}
