using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>Asks memory for what will be read soon.</summary>
internal static unsafe class Prefetch
{
    /// <summary>
    /// How far ahead of a stream: far enough for memory to answer, near enough not to be thrown out again. 4 to 8 KiB
    /// measured best.
    /// </summary>
    public const int Distance = 6144;

    /// <summary>Fetches cache lines; beyond the end of memory this does nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Lines(byte* first, int lines)
    {
        if (Sse.IsSupported)
        {
            for (int i = 0; i < lines; i++)
            {
                Sse.Prefetch0(first + (i * Bits.LineBytes));
            }
        }
    }
}
