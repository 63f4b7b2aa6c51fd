using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Sixteen rows in four vectors, for instructions that are 128 bits wide.</summary>
internal readonly struct Quarters<T>(Vector128<T> first, Vector128<T> second, Vector128<T> third, Vector128<T> fourth)
{
    public readonly Vector128<T> First = first;

    public readonly Vector128<T> Second = second;

    public readonly Vector128<T> Third = third;

    public readonly Vector128<T> Fourth = fourth;
}
