using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Four bits that index a table, for formats whose steps are uneven; plus a bias that makes them unsigned.
/// </summary>
internal static class Steps
{
    /// <summary>The steps of IQ4_NL and IQ4_XS, plus 128.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Uneven(Vector512<byte> indices)
        => Of(Vector128.Create((byte)1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241), indices);

    /// <summary>Twice the values of a four-bit float, plus 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Floats(Vector512<byte> indices)
        => Of(Vector128.Create((byte)16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4), indices);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Of(Vector128<byte> table, Vector512<byte> indices)
    {
        if (Avx512BW.IsSupported)
        {
            var two = Vector256.Create(table, table);
            return Avx512BW.Shuffle(Vector512.Create(two, two), indices);
        }

        return Vector512.Create(Of(table, indices.GetLower()), Of(table, indices.GetUpper()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Of(Vector128<byte> table, Vector256<byte> indices)
        => Vector256.Create(
            Vector128.Shuffle(table, indices.GetLower()), Vector128.Shuffle(table, indices.GetUpper()));
}
