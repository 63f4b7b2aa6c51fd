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
        x = Clamp(x);
        Vector512<float> n = Whole(x);
        Vector512<float> r = Rest(x, n);
        Vector512<float> p = Step(Vector512.Create(P5), r, P4);
        p = Step(p, r, P3);
        p = Step(p, r, P2);
        p = Step(p, r, P1);
        p = Step(p, r, P0);
        return Scale(Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512.Create(1f), n);
    }

    /// <summary>Four times sixteen, side by side, because each step waits for the one before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Lanes(
        ref Vector512<float> x0, ref Vector512<float> x1, ref Vector512<float> x2, ref Vector512<float> x3)
    {
        (x0, x1, x2, x3) = (Clamp(x0), Clamp(x1), Clamp(x2), Clamp(x3));
        (Vector512<float> n0, Vector512<float> n1) = (Whole(x0), Whole(x1));
        (Vector512<float> n2, Vector512<float> n3) = (Whole(x2), Whole(x3));
        (x0, x1, x2, x3) = (Rest(x0, n0), Rest(x1, n1), Rest(x2, n2), Rest(x3, n3));
        var last = Vector512.Create(P5);
        (Vector512<float> p0, Vector512<float> p1) = (Step(last, x0, P4), Step(last, x1, P4));
        (Vector512<float> p2, Vector512<float> p3) = (Step(last, x2, P4), Step(last, x3, P4));
        (p0, p1, p2, p3) = (Step(p0, x0, P3), Step(p1, x1, P3), Step(p2, x2, P3), Step(p3, x3, P3));
        (p0, p1, p2, p3) = (Step(p0, x0, P2), Step(p1, x1, P2), Step(p2, x2, P2), Step(p3, x3, P2));
        (p0, p1, p2, p3) = (Step(p0, x0, P1), Step(p1, x1, P1), Step(p2, x2, P1), Step(p3, x3, P1));
        (p0, p1, p2, p3) = (Step(p0, x0, P0), Step(p1, x1, P0), Step(p2, x2, P0), Step(p3, x3, P0));
        var one = Vector512.Create(1f);
        x0 = Vector512.FusedMultiplyAdd(p0, x0 * x0, x0) + one;
        x1 = Vector512.FusedMultiplyAdd(p1, x1 * x1, x1) + one;
        x2 = Vector512.FusedMultiplyAdd(p2, x2 * x2, x2) + one;
        x3 = Vector512.FusedMultiplyAdd(p3, x3 * x3, x3) + one;
        (x0, x1, x2, x3) = (Scale(x0, n0), Scale(x1, n1), Scale(x2, n2), Scale(x3, n3));
    }

    // Where one of two is not a number these give the second: it stays so.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Clamp(Vector512<float> x)
        => Vector512.MinNative(Vector512.Create(Highest), Vector512.MaxNative(Vector512.Create(Lowest), x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Whole(Vector512<float> x)
        => Vector512.FusedMultiplyAdd(x, Vector512.Create(Log2OfE), Vector512.Create(Rounder))
            - Vector512.Create(Rounder);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Rest(Vector512<float> x, Vector512<float> n)
        => Vector512.FusedMultiplyAdd(
            n, Vector512.Create(-Ln2Low), Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Step(Vector512<float> p, Vector512<float> r, float next)
        => Vector512.FusedMultiplyAdd(p, r, Vector512.Create(next));

    // y times 2^n.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Scale(Vector512<float> y, Vector512<float> n)
    {
        if (Avx512F.IsSupported)
        {
            // Rounded once: as the two steps round.
            return Avx512F.Scale(y, n);
        }

        var rounder = Vector512.Create(Rounder);
        Vector512<int> exponent = (n + rounder).AsInt32() - rounder.AsInt32();
        var half = Vector512.ShiftRightArithmetic(exponent, 1);
        return y * PowerOf2(half) * PowerOf2(exponent - half);
    }

    private static float PowerOf2(int exponent) => BitConverter.Int32BitsToSingle((exponent + 127) << 23);

    private static Vector512<float> PowerOf2(Vector512<int> exponent)
        => Vector512.ShiftLeft(exponent + Vector512.Create(127), 23).AsSingle();
}
