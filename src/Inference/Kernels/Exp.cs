using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>
/// e^x by our own polynomial, the same bits everywhere; at most 1 ulp from the true value.
/// </summary>
/// <remarks>
/// x = n ln 2 + r with |r| &lt;= ln 2 / 2, then e^r = 1 + r + r² p(r), then times 2^n in two exact steps, so that
/// results fade through the denormals to zero and overflow to infinity by themselves. Not a number stays so.
/// </remarks>
internal static class Exp
{
    // Beyond these the result is zero or infinite anyway, and n stays small enough for its exponent arithmetic.
    private const float Lowest = -106;
    private const float Highest = 90;

    private const float Log2OfE = 1.44269502f;
    private const float Ln2High = 0.693115234375f;
    private const float Ln2Low = 3.19461833e-05f;

    // Adding it rounds to an integer, half to even, in the lowest bits.
    private const float Rounder = 12_582_912f;

    // Interpolates (e^r - 1 - r) / r² in six Chebyshev nodes: relative error 2.2e-10.
    private const float P0 = 0.5f;
    private const float P1 = 0.1666666716337204f;
    private const float P2 = 0.041666463017463684f;
    private const float P3 = 0.00833331048488617f;
    private const float P4 = 0.0013933731243014336f;
    private const float P5 = 0.000198910798644647f;

    /// <summary>The specification.</summary>
    public static float Scalar(float x)
    {
        x = MathF.Min(MathF.Max(x, Lowest), Highest);
        float shifted = MathF.FusedMultiplyAdd(x, Log2OfE, Rounder);
        float n = shifted - Rounder;
        float r = MathF.FusedMultiplyAdd(n, -Ln2High, x);
        r = MathF.FusedMultiplyAdd(n, -Ln2Low, r);

        float p = MathF.FusedMultiplyAdd(P5, r, P4);
        p = MathF.FusedMultiplyAdd(p, r, P3);
        p = MathF.FusedMultiplyAdd(p, r, P2);
        p = MathF.FusedMultiplyAdd(p, r, P1);
        p = MathF.FusedMultiplyAdd(p, r, P0);
        float y = MathF.FusedMultiplyAdd(p, r * r, r) + 1f;

        int exponent = BitConverter.SingleToInt32Bits(shifted) - BitConverter.SingleToInt32Bits(Rounder);
        int half = exponent >> 1;
        return y * PowerOf2(half) * PowerOf2(exponent - half);
    }

    /// <summary>Sixteen at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Lanes(Vector512<float> x)
    {
        // Where one of two is not a number these give the second: it stays so.
        x = Vector512.MinNative(Vector512.Create(Highest), Vector512.MaxNative(Vector512.Create(Lowest), x));
        var rounder = Vector512.Create(Rounder);
        var shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(Log2OfE), rounder);
        Vector512<float> n = shifted - rounder;
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Low), r);

        var p = Vector512.FusedMultiplyAdd(Vector512.Create(P5), r, Vector512.Create(P4));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(P3));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(P2));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(P1));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(P0));
        Vector512<float> y = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512.Create(1f);

        if (Avx512F.IsSupported)
        {
            // y times 2^n, rounded once: as the two steps round.
            return Avx512F.Scale(y, n);
        }

        Vector512<int> exponent = shifted.AsInt32() - rounder.AsInt32();
        var half = Vector512.ShiftRightArithmetic(exponent, 1);
        return y * PowerOf2(half) * PowerOf2(exponent - half);
    }

    private static float PowerOf2(int exponent) => BitConverter.Int32BitsToSingle((exponent + 127) << 23);

    private static Vector512<float> PowerOf2(Vector512<int> exponent)
        => Vector512.ShiftLeft(exponent + Vector512.Create(127), 23).AsSingle();
}
