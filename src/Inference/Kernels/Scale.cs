using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>One row times a number; each element on its own, so no order matters.</summary>
internal static unsafe class Scale
{
    /// <summary>Multiplies in place.</summary>
    public static void Row(float* values, float factor, int count)
    {
        int i = 0;
        var factors = Vector512.Create(factor);

        for (; i + 16 <= count; i += 16)
        {
            (Vector512.Load(values + i) * factors).Store(values + i);
        }

        for (; i < count; i++)
        {
            values[i] *= factor;
        }
    }
}
