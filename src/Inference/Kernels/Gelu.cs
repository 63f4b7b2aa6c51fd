using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// GELU in its tanh form, <c>x/2 · (1 + tanh u)</c> with u = √(2/π) · (x + 0.044715 x³), written as x / (1 + e^-2u).
/// </summary>
internal static unsafe class Gelu
{
    // -2 √(2/π), and the same times 0.044715.
    private const float Linear = -1.5957691216057308f;
    private const float Cubic = -0.07135481627260025f;

    /// <summary>The specification.</summary>
    public static void Scalar(float* x, int count, float* output)
    {
        for (int i = 0; i < count; i++)
        {
            float inner = x[i] * MathF.FusedMultiplyAdd(Cubic, x[i] * x[i], Linear);
            output[i] = x[i] / (1f + Exp.Scalar(inner));
        }
    }

    /// <summary>The same, sixteen at a time.</summary>
    public static void Vector(float* x, int count, float* output)
    {
        int whole = count & -16;

        for (int i = 0; i < whole; i += 16)
        {
            var value = Vector512.Load(x + i);
            Vector512<float> inner = value
                * Vector512.FusedMultiplyAdd(Vector512.Create(Cubic), value * value, Vector512.Create(Linear));
            (value / (Vector512.Create(1f) + Exp.Lanes(inner))).Store(output + i);
        }

        Scalar(x + whole, count - whole, output + whole);
    }
}
