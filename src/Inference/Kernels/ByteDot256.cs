using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>What <see cref="ByteDot512"/> does, in halves of eight rows.</summary>
internal readonly unsafe struct ByteDot256 : IByteDot<Vector256<sbyte>, Halves<short>>
{
    public static int Groups => 1;

    public static bool HoldsSums => false;

    public static bool HoldsPanel => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> Spread(byte* activations) => Vector256.Create(*(int*)activations).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Halves<short> Start(byte* pairs, int bias)
    {
        Vector256<short> start = bias == 0
            ? Vector256<short>.Zero
            : Vector256.ShiftLeft(Vector256.Create(*(int*)pairs).AsInt16(), int.Log2(bias));
        return new Halves<short>(start, start);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Halves<short> Add(Halves<short> sum, Vector512<byte> weights, Vector256<sbyte> activations)
        => new(
            sum.Lower + Avx2.MultiplyAddAdjacent(weights.GetLower(), activations),
            sum.Upper + Avx2.MultiplyAddAdjacent(weights.GetUpper(), activations));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Total(Halves<short> sum) => Scaled(sum, Vector512.Create((short)1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Scaled(Halves<short> sum, Vector512<short> scales)
        => Avx2.MultiplyAddAdjacent(sum.Lower, scales.GetLower())
            .ToVector512Unsafe()
            .WithUpper(Avx2.MultiplyAddAdjacent(sum.Upper, scales.GetUpper()));
}
