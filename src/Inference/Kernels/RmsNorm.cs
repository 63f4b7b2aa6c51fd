using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// <c>x / sqrt(mean(x²) + ε) · weight</c>. Element i adds to lane i mod 16, the lanes meet in <see cref="LaneSum"/>.
/// </summary>
internal static unsafe class RmsNorm
{
    /// <summary>The specification.</summary>
    public static void Scalar(float* x, float* weight, float epsilon, int width, float* output)
    {
        float* lanes = stackalloc float[LaneSum.Lanes];

        for (int i = 0; i < width; i++)
        {
            lanes[i % LaneSum.Lanes] = MathF.FusedMultiplyAdd(x[i], x[i], lanes[i % LaneSum.Lanes]);
        }

        float scale = Reciprocal(LaneSum.Scalar(lanes), width, epsilon);

        for (int i = 0; i < width; i++)
        {
            output[i] = x[i] * scale * weight[i];
        }
    }

    /// <summary>The same, sixteen at a time.</summary>
    public static void Vector(float* x, float* weight, float epsilon, int width, float* output)
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

        float scale = Reciprocal(LaneSum.Vector(lanes), width, epsilon);
        var scales = Vector512.Create(scale);

        for (int i = 0; i < whole; i += LaneSum.Lanes)
        {
            (Vector512.Load(x + i) * scales * Vector512.Load(weight + i)).Store(output + i);
        }

        for (int i = whole; i < width; i++)
        {
            output[i] = x[i] * scale * weight[i];
        }
    }

    private static float Reciprocal(float sumOfSquares, int width, float epsilon)
        => 1f / MathF.Sqrt((sumOfSquares / width) + epsilon);
}
