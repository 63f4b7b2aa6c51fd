using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Portable: bytes widened to 16 bits, multiplied in pairs and summed in 32. Any processor's vectors can do that, and
/// weights may have 8 bits.
/// </summary>
internal readonly unsafe struct WordDot : IByteDot<Vector512<short>, Vector512<int>>
{
    public static int Groups => 1;

    public static bool HoldsSums => true;

    public static bool HoldsPanel => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Spread(byte* activations) => Vector512.Create(*(int*)activations).AsInt16();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Start(byte* pairs, int bias)
        => Vector512.Create((((short*)pairs)[0] + ((short*)pairs)[1]) * bias);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Add(Vector512<int> sum, Vector512<byte> weights, Vector512<short> activations)
    {
        Vector512<int> even = PairDot.Of(
            weights.AsInt16() & Vector512.Create((short)255),
            Vector512.ShiftRightArithmetic(Vector512.ShiftLeft(activations, 8), 8));
        Vector512<int> odd = PairDot.Of(
            Vector512.ShiftRightLogical(weights.AsInt16(), 8), Vector512.ShiftRightArithmetic(activations, 8));
        return sum + even + odd;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Total(Vector512<int> sum) => sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Scaled(Vector512<int> sum, Vector512<short> scales)
        => sum * Vector512.ShiftRightArithmetic(scales.AsInt32(), 16);
}
