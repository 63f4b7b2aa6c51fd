using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>The sum of the two 16-bit products in each lane of 32 bits; exact.</summary>
internal static class PairDot
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Of(Vector512<short> left, Vector512<short> right)
    {
        if (Avx512BW.IsSupported)
        {
            return Avx512BW.MultiplyAddAdjacent(left, right);
        }

        if (Avx2.IsSupported)
        {
            return Vector512.Create(
                Avx2.MultiplyAddAdjacent(left.GetLower(), right.GetLower()),
                Avx2.MultiplyAddAdjacent(left.GetUpper(), right.GetUpper()));
        }

        return (Low(left) * Low(right))
            + (High(left) * High(right));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Low(Vector512<short> pairs)
        => Vector512.ShiftRightArithmetic(Vector512.ShiftLeft(pairs.AsInt32(), 16), 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> High(Vector512<short> pairs)
        => Vector512.ShiftRightArithmetic(pairs.AsInt32(), 16);
}
