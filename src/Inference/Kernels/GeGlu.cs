using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary><c>gelu(gate) · up</c>: GELU as in <see cref="Gelu"/>, times the other half.</summary>
internal static unsafe class GeGlu
{
    /// <summary>The specification.</summary>
    public static void Scalar(float* gate, float* up, int count, float* output)
    {
        for (int i = 0; i < count; i++)
        {
            output[i] = Gelu.One(gate[i]) * up[i];
        }
    }

    /// <summary>The same, sixteen at a time.</summary>
    public static void Vector(float* gate, float* up, int count, float* output)
    {
        int whole = count & -16;

        for (int i = 0; i < whole; i += 16)
        {
            (Gelu.Lanes(Vector512.Load(gate + i)) * Vector512.Load(up + i)).Store(output + i);
        }

        Scalar(gate + whole, up + whole, count - whole, output + whole);
    }
}
