using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>Sixteen 16-bit floats become sixteen floats, exactly, with no conversion instruction.</summary>
internal static unsafe class HalfLanes
{
    /// <summary>What <see cref="Small"/> leaves to be multiplied.</summary>
    public const float Restore = 5.192296858534828e33f;

    /// <summary>
    /// The values times 2^-112: sign, exponent and fraction land where a float has them, and only the exponent's bias
    /// is missing. Right for zero and denormals too; not for infinities, which files are checked for when packed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Small(byte* source)
        => (Vector512.ShiftLeft(Widen(source), 13) & Vector512.Create(unchecked((int)0x8FFF_FFFF))).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(byte* source) => Small(source) * Vector512.Create(Restore);

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
