using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// <c>(x - mean) / sqrt(variance + ε) · weight + bias</c>, both sums over lanes as in <see cref="RmsNorm"/>.
/// </summary>
internal static unsafe class LayerNorm
{
    /// <summary>The specification.</summary>
    public static void Scalar(float* x, float* weight, float* bias, float epsilon, int width, float* output)
    {
        float* lanes = stackalloc float[LaneSum.Lanes];
        float* squares = stackalloc float[LaneSum.Lanes];

        for (int i = 0; i < width; i++)
        {
            lanes[i % LaneSum.Lanes] += x[i];
        }

        float mean = LaneSum.Scalar(lanes) / width;

        for (int i = 0; i < width; i++)
        {
            float off = x[i] - mean;
            squares[i % LaneSum.Lanes] = MathF.FusedMultiplyAdd(off, off, squares[i % LaneSum.Lanes]);
        }

        float scale = Reciprocal(LaneSum.Scalar(squares), width, epsilon);

        for (int i = 0; i < width; i++)
        {
            output[i] = MathF.FusedMultiplyAdd((x[i] - mean) * scale, weight[i], bias[i]);
        }
    }

    /// <summary>The same, sixteen at a time.</summary>
    public static void Vector(float* x, float* weight, float* bias, float epsilon, int width, float* output)
    {
        Vector512<float> lanes = Vector512<float>.Zero;
        Vector512<float> squares = Vector512<float>.Zero;
        int whole = width & -LaneSum.Lanes;

        for (int i = 0; i < whole; i += LaneSum.Lanes)
        {
            lanes += Vector512.Load(x + i);
        }

        for (int i = whole; i < width; i++)
        {
            lanes = lanes.WithElement(i - whole, lanes[i - whole] + x[i]);
        }

        float mean = LaneSum.Vector(lanes) / width;
        var means = Vector512.Create(mean);

        for (int i = 0; i < whole; i += LaneSum.Lanes)
        {
            Vector512<float> off = Vector512.Load(x + i) - means;
            squares = Vector512.FusedMultiplyAdd(off, off, squares);
        }

        for (int i = whole; i < width; i++)
        {
            float off = x[i] - mean;
            squares = squares.WithElement(i - whole, MathF.FusedMultiplyAdd(off, off, squares[i - whole]));
        }

        float scale = Reciprocal(LaneSum.Vector(squares), width, epsilon);
        var scales = Vector512.Create(scale);

        for (int i = 0; i < whole; i += LaneSum.Lanes)
        {
            Vector512<float> unit = (Vector512.Load(x + i) - means) * scales;
            Vector512.FusedMultiplyAdd(unit, Vector512.Load(weight + i), Vector512.Load(bias + i)).Store(output + i);
        }

        for (int i = whole; i < width; i++)
        {
            output[i] = MathF.FusedMultiplyAdd((x[i] - mean) * scale, weight[i], bias[i]);
        }
    }

    private static float Reciprocal(float sumOfSquares, int width, float epsilon)
        => 1f / MathF.Sqrt((sumOfSquares / width) + epsilon);
}
