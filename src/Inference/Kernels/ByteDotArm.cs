using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Arm's 128-bit byte dots (SDOT) straight into 32 bits, for weights of up to 8: both sides are signed, so 128 is taken
/// from every weight first.
/// </summary>
internal readonly unsafe struct ByteDotArm : IByteDot<Vector128<sbyte>, Quarters<int>>
{
    private const int Middle = 128;

    public static int Groups => 1;

    public static bool HoldsSums => false;

    public static bool HoldsPanel => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<sbyte> Spread(byte* activations) => Vector128.Create(*(int*)activations).AsSByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quarters<int> Start(byte* pairs, int bias)
    {
        Vector128<int> start = bias == Middle
            ? Vector128<int>.Zero
            : Vector128.Create((((short*)pairs)[0] + ((short*)pairs)[1]) * (bias - Middle));
        return new Quarters<int>(start, start, start, start);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quarters<int> Add(Quarters<int> sum, Vector512<byte> weights, Vector128<sbyte> activations)
    {
        Vector256<byte> lower = weights.GetLower();
        Vector256<byte> upper = weights.GetUpper();
        return new Quarters<int>(
            Dp.DotProduct(sum.First, Signed(lower.GetLower()), activations),
            Dp.DotProduct(sum.Second, Signed(lower.GetUpper()), activations),
            Dp.DotProduct(sum.Third, Signed(upper.GetLower()), activations),
            Dp.DotProduct(sum.Fourth, Signed(upper.GetUpper()), activations));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Total(Quarters<int> sum)
        => Vector512.Create(Vector256.Create(sum.First, sum.Second), Vector256.Create(sum.Third, sum.Fourth));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Scaled(Quarters<int> sum, Vector512<short> scales)
        => Total(sum) * Vector512.ShiftRightArithmetic(scales.AsInt32(), 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Signed(Vector128<byte> weights)
        => (weights ^ Vector128.Create((byte)Middle)).AsSByte();
}
