using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>Sixteen 16-bit floats become sixteen floats, exactly, with no conversion instruction.</summary>
internal static unsafe class HalfLanes
{
    // What is missing below.
    private const float Restore = 5.192296858534828e33f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(byte* source) => Load(Widen(source));

    /// <summary>
    /// The halves whose bits are the lanes' low ones, sign above. Sign, exponent and fraction land where a float has
    /// them, and only the exponent's bias is missing: a product with 2^112. Right for zero and denormals too; not for
    /// infinities, which files are checked for when packed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(Vector512<int> bits)
        => (Vector512.ShiftLeft(bits, 13) & Vector512.Create(unchecked((int)0x8FFF_FFFF))).AsSingle()
            * Vector512.Create(Restore);

    /// <summary>The same for scales, which are often so small that a product with one would be slow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadScales(Vector512<int> bits)
    {
        var magnitude = Vector512.ShiftLeft(bits & Vector512.Create(0x7FFF), 13);
        Vector512<int> normal = magnitude + Vector512.Create(112 << 23);
        Vector512<float> tiny = (magnitude + Vector512.Create(113 << 23)).AsSingle()
            - Vector512.Create(113 << 23).AsSingle();
        var isTiny = Vector512.LessThan(magnitude, Vector512.Create(1 << 23));
        return (Vector512.ConditionalSelect(isTiny, tiny.AsInt32(), normal)
            | (bits & Vector512.Create(int.MinValue))).AsSingle();
    }

    /// <summary>Sixteen 16-bit integers with their signs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Widen(byte* source)
    {
        var packed = Vector256.Load((short*)source);

        if (Avx512F.IsSupported)
        {
            return Avx512F.ConvertToVector512Int32(packed);
        }

        (Vector256<int> lower, Vector256<int> upper) = Vector256.Widen(packed);
        return Vector512.Create(lower, upper);
    }
}
