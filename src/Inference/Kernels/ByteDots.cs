using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>Which way of multiplying bytes is the fastest.</summary>
internal static class ByteDots
{
    /// <param name="limit">The best instructions that may be used.</param>
    /// <param name="isWide">Whether sixteen products of the weights outgrow 16 bits.</param>
    public static DotKind Best(Isa limit, bool isWide)
    {
        bool is512 = limit >= Isa.Avx512 && Avx512BW.IsSupported;

        if (is512 && !isWide)
        {
            return DotKind.Bytes512;
        }

        if (limit >= Isa.AvxVnni && AvxVnni.IsSupported)
        {
            return DotKind.Vnni;
        }

        // Words of 512 bits beat signed bytes of 256 by a third.
        if (limit >= Isa.Avx2 && Avx2.IsSupported && !is512)
        {
            return isWide ? DotKind.Signed256 : DotKind.Bytes256;
        }

        return limit >= Isa.Sdot && Dp.IsSupported ? DotKind.Arm : DotKind.Words;
    }
}
