using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary><c>x · scale / max(√Σx², ε)</c>, the sum over lanes as in <see cref="RmsNorm"/>.</summary>
internal static unsafe class UnitLength
{
    /// <summary>Brings a row to length <paramref name="scale"/>, in place; vectors or not, the same bits.</summary>
    public static void Row(float* x, float epsilon, float scale, int width, bool vectors)
    {
        float squares = vectors ? Vector(x, width) : Scalar(x, width);
        Scale.Row(x, scale / MathF.Max(MathF.Sqrt(squares), epsilon), width);
    }

    private static float Scalar(float* x, int width)
    {
        float* lanes = stackalloc float[LaneSum.Lanes];
        new Span<float>(lanes, LaneSum.Lanes).Clear();

        for (int i = 0; i < width; i++)
        {
            lanes[i % LaneSum.Lanes] = MathF.FusedMultiplyAdd(x[i], x[i], lanes[i % LaneSum.Lanes]);
        }

        return LaneSum.Scalar(lanes);
    }

    private static float Vector(float* x, int width)
    {
        Vector512<float> lanes = Vector512<float>.Zero;
        int whole = width & -LaneSum.Lanes;

        for (int i = 0; i < whole; i += LaneSum.Lanes)
        {
            var value = Vector512.Load(x + i);
            lanes = Vector512.FusedMultiplyAdd(value, value, lanes);
        }

        for (int i = whole; i < width; i++)
        {
            lanes = lanes.WithElement(i - whole, MathF.FusedMultiplyAdd(x[i], x[i], lanes[i - whole]));
        }

        return LaneSum.Vector(lanes);
    }
}
