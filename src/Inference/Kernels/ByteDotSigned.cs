using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 256-bit byte products summed in 32 bits, for weights of up to 8: a weight, less 128, gives its sign to the
/// activation, and two products of 128 · 127 fit into 16 bits.
/// </summary>
internal readonly unsafe struct ByteDotSigned : IByteDot<Vector256<sbyte>, Halves<int>>
{
    private const int Middle = 128;

    public static int Groups => 1;

    public static bool HoldsSums => false;

    public static bool HoldsPanel => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<sbyte> Spread(byte* activations) => Vector256.Create(*(int*)activations).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Halves<int> Start(byte* pairs, int bias)
    {
        Vector256<int> start = bias == Middle
            ? Vector256<int>.Zero
            : Vector256.Create((((short*)pairs)[0] + ((short*)pairs)[1]) * (bias - Middle));
        return new Halves<int>(start, start);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Halves<int> Add(Halves<int> sum, Vector512<byte> weights, Vector256<sbyte> activations)
        => new(
            sum.Lower + Four(weights.GetLower(), activations),
            sum.Upper + Four(weights.GetUpper(), activations));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Total(Halves<int> sum) => Vector512.Create(sum.Lower, sum.Upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Scaled(Halves<int> sum, Vector512<short> scales)
        => Total(sum) * Vector512.ShiftRightArithmetic(scales.AsInt32(), 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Four(Vector256<byte> weights, Vector256<sbyte> activations)
    {
        Vector256<sbyte> signed = (weights ^ Vector256.Create((byte)Middle)).AsSByte();
        Vector256<short> pairs = Avx2.MultiplyAddAdjacent(
            Vector256.Abs(signed).AsByte(), Avx2.Sign(activations, signed));
        return Avx2.MultiplyAddAdjacent(pairs, Vector256.Create((short)1));
    }
}
