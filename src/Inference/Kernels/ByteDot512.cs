using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 512-bit byte products summed in 16 bits: for weights of at most 6 bits, sixteen of 15 · 127 or, less their bias,
/// eight of 32 · 127 fit. What overflows on the way comes back.
/// </summary>
internal readonly unsafe struct ByteDot512 : IByteDot<Vector512<sbyte>, Vector512<short>>
{
    public static int Groups => 2;

    public static bool HoldsSums => true;

    public static bool HoldsPanel => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<sbyte> Spread(byte* activations) => Vector512.Create(*(int*)activations).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Start(byte* pairs, int bias)
        => bias == 0
            ? Vector512<short>.Zero
            : Vector512.ShiftLeft(Vector512.Create(*(int*)pairs).AsInt16(), int.Log2(bias));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Add(Vector512<short> sum, Vector512<byte> weights, Vector512<sbyte> activations)
        => sum + Avx512BW.MultiplyAddAdjacent(weights, activations);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Total(Vector512<short> sum)
        => Avx512BW.MultiplyAddAdjacent(sum, Vector512.Create((short)1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Scaled(Vector512<short> sum, Vector512<short> scales)
        => Avx512BW.MultiplyAddAdjacent(sum, scales);
}
