using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// tanh x by our own polynomial, the same bits everywhere; at most 1.5 ulp from the true value.
/// </summary>
/// <remarks>
/// Of the magnitude: below 0.55 an odd polynomial, from there on 1 - 2 / (e^2x + 1); then the sign is given back.
/// Not a number stays so.
/// </remarks>
internal static class Tanh
{
    private const float Border = 0.55f;

    // Interpolates (tanh x / x - 1) / x² in five Chebyshev nodes of x²: relative error 5.4e-9.
    private const float P0 = -0.3333333134651184f;
    private const float P1 = 0.13333113491535187f;
    private const float P2 = -0.05390942841768265f;
    private const float P3 = 0.021309388801455498f;
    private const float P4 = -0.00661022774875164f;

    /// <summary>The specification.</summary>
    public static float Scalar(float x)
    {
        float size = MathF.Abs(x);

        if (!(size < Border))
        {
            return MathF.CopySign(1f - (2f / (Exp.Scalar(size + size) + 1f)), x);
        }

        float square = size * size;
        float p = MathF.FusedMultiplyAdd(P4, square, P3);
        p = MathF.FusedMultiplyAdd(p, square, P2);
        p = MathF.FusedMultiplyAdd(p, square, P1);
        p = MathF.FusedMultiplyAdd(p, square, P0);
        return MathF.CopySign(MathF.FusedMultiplyAdd(p, square * size, size), x);
    }

    /// <summary>Sixteen at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Lanes(Vector512<float> x)
    {
        var size = Vector512.Abs(x);
        Vector512<float> square = size * size;
        var p = Vector512.FusedMultiplyAdd(Vector512.Create(P4), square, Vector512.Create(P3));
        p = Vector512.FusedMultiplyAdd(p, square, Vector512.Create(P2));
        p = Vector512.FusedMultiplyAdd(p, square, Vector512.Create(P1));
        p = Vector512.FusedMultiplyAdd(p, square, Vector512.Create(P0));
        p = Vector512.FusedMultiplyAdd(p, square * size, size);

        var one = Vector512.Create(1f);
        Vector512<float> far = one - (Vector512.Create(2f) / (Exp.Lanes(size + size) + one));
        var near = Vector512.LessThan(size, Vector512.Create(Border));
        return Vector512.CopySign(Vector512.ConditionalSelect(near, p, far), x);
    }
}
