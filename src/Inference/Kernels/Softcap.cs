using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// A row times a number, and then <c>c · tanh(x / c)</c>, which keeps it within ±c; c = 0 for no bounds.
/// </summary>
internal static unsafe class Softcap
{
    /// <summary>The specification.</summary>
    public static void Scalar(float* values, float factor, float cap, int count)
    {
        for (int i = 0; i < count; i++)
        {
            float value = values[i] * factor;
            values[i] = cap == 0 ? value : cap * Tanh.Scalar(value / cap);
        }
    }

    /// <summary>The same, sixteen at a time.</summary>
    public static void Vector(float* values, float factor, float cap, int count)
    {
        int whole = count & -16;
        var caps = Vector512.Create(cap);

        for (int i = 0; i < whole; i += 16)
        {
            Vector512<float> value = Vector512.Load(values + i) * Vector512.Create(factor);
            (cap == 0 ? value : caps * Tanh.Lanes(value / caps)).Store(values + i);
        }

        Scalar(values + whole, factor, cap, count - whole);
    }
}
