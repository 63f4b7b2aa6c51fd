using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// <c>g / (1 + e^(-1.702 g)) · (u + 1)</c>, the gate g cut off above 7 and u between -7 and 7, as gpt-oss has it.
/// </summary>
internal static unsafe class ClampedSwiGlu
{
    private const float Steepness = -1.702f;
    private const float Limit = 7;

    /// <summary>The specification.</summary>
    public static void Scalar(float* gate, float* up, int count, float* output)
    {
        for (int i = 0; i < count; i++)
        {
            float g = MathF.Min(gate[i], Limit);
            float u = MathF.Max(MathF.Min(up[i], Limit), -Limit);
            output[i] = g / (1f + Exp.Scalar(Steepness * g)) * (u + 1f);
        }
    }

    /// <summary>The same, sixteen at a time.</summary>
    public static void Vector(float* gate, float* up, int count, float* output)
    {
        var one = Vector512.Create(1f);
        var limit = Vector512.Create(Limit);
        int whole = count & -16;

        for (int i = 0; i < whole; i += 16)
        {
            var g = Vector512.Min(Vector512.Load(gate + i), limit);
            var u = Vector512.Max(Vector512.Min(Vector512.Load(up + i), limit), -limit);
            (g / (one + Exp.Lanes(Vector512.Create(Steepness) * g)) * (u + one)).Store(output + i);
        }

        Scalar(gate + whole, up + whole, count - whole, output + whole);
    }
}
