using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Whether every number of a row is one.</summary>
internal static unsafe class Finite
{
    private const int Exponent = 0x7F80_0000;

    public static bool All(float* values, int count)
    {
        var exponent = Vector512.Create(Exponent);
        Vector512<int> found = Vector512<int>.Zero;
        int i = 0;

        for (; i + 16 <= count; i += 16)
        {
            found |= Vector512.Equals(Vector512.Load((int*)(values + i)) & exponent, exponent);
        }

        bool finite = found == Vector512<int>.Zero;

        for (; i < count; i++)
        {
            finite &= float.IsFinite(values[i]);
        }

        return finite;
    }
}
