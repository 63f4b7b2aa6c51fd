using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>A quarter's line of scales that are signed bytes: four to a row.</summary>
internal static unsafe class SignedScales
{
    /// <summary>Scale <paramref name="number"/> of each row, in both halves of its lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Of(byte* line, int number)
    {
        var high = Vector512.ShiftLeft(Vector512.Load((int*)line), 24 - (8 * number));
        Vector512<int> scale = Vector512.ShiftRightArithmetic(high, 8) & Vector512.Create(unchecked((int)0xFFFF_0000));
        return (scale | Vector512.ShiftRightLogical(scale, 16)).AsInt16();
    }
}
