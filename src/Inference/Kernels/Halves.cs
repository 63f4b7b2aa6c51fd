using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Sixteen rows in two vectors, for instructions that are 256 bits wide.</summary>
internal readonly struct Halves<T>(Vector256<T> lower, Vector256<T> upper)
{
    public readonly Vector256<T> Lower = lower;

    public readonly Vector256<T> Upper = upper;
}
