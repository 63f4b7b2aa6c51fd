using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>The exact dots of sixteen rows' blocks with one block of activations, on one instruction set.</summary>
internal unsafe interface IBlockDot
{
    /// <summary>Sixteen dots with one column; <paramref name="sum"/> is the sum of its 32 values.</summary>
    static abstract Vector512<int> One(byte* lines, sbyte* x, int sum);

    /// <summary>The same for four columns that lie <paramref name="stride"/> bytes apart.</summary>
    static abstract void Four(
        byte* lines,
        sbyte* x,
        nint stride,
        Vector128<int> sums,
        out Vector512<int> dot0,
        out Vector512<int> dot1,
        out Vector512<int> dot2,
        out Vector512<int> dot3);
}
