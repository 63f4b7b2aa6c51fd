using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>What a gate between 0 and 1 lets through: <c>x / (1 + e^-gate)</c>.</summary>
internal static unsafe class Sigmoid
{
    /// <summary>The logistic function itself: at most 2.5 ulp from the true value above -87, zero far below.</summary>
    public static float One(float x) => 1f / (1f + Exp.Scalar(-x));

    /// <summary>The specification.</summary>
    public static void Scalar(float* gate, float* x, int count, float* output)
    {
        for (int i = 0; i < count; i++)
        {
            output[i] = x[i] / (1f + Exp.Scalar(-gate[i]));
        }
    }

    /// <summary>The same, sixteen at a time.</summary>
    public static void Vector(float* gate, float* x, int count, float* output)
    {
        int whole = count & -16;

        for (int i = 0; i < whole; i += 16)
        {
            var one = Vector512.Create(1f);
            (Vector512.Load(x + i) / (one + Exp.Lanes(-Vector512.Load(gate + i)))).Store(output + i);
        }

        Scalar(gate + whole, x + whole, count - whole, output + whole);
    }
}
