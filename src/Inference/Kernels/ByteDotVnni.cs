using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>256-bit byte dots straight into 32 bits, for weights of up to 8.</summary>
internal readonly unsafe struct ByteDotVnni : IByteDot<Vector256<sbyte>, Halves<int>>
{
    public static int Groups => 1;

    public static bool HoldsSums => false;

    public static bool HoldsPanel => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> Spread(byte* activations) => Vector256.Create(*(int*)activations).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Halves<int> Start(byte* pairs, int bias)
    {
        // Shifts, because multiplications are what bounds a tile.
        var both = Vector256.Create(*(int*)pairs);
        var sum = Vector256.ShiftRightArithmetic(both + Vector256.ShiftLeft(both, 16), 16);
        Vector256<int> start = bias == 0 ? Vector256<int>.Zero : Vector256.ShiftLeft(sum, int.Log2(bias));
        return new Halves<int>(start, start);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Halves<int> Add(Halves<int> sum, Vector512<byte> weights, Vector256<sbyte> activations)
        => new(
            AvxVnni.MultiplyWideningAndAdd(sum.Lower, weights.GetLower(), activations),
            AvxVnni.MultiplyWideningAndAdd(sum.Upper, weights.GetUpper(), activations));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Total(Halves<int> sum) => sum.Lower.ToVector512Unsafe().WithUpper(sum.Upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Scaled(Halves<int> sum, Vector512<short> scales)
        => Total(sum) * Vector512.ShiftRightArithmetic(scales.AsInt32(), 16);
}
