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
        for (int i = 0; i < lines; i++)
        {
            Line(first + (i * Bits.LineBytes));
        }
    }

    /// <summary>Fetches up to nine cache lines, with no loop where the compiler knows how many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void FewLines(byte* first, int lines)
    {
        if (lines == 0)
        {
            return;
        }

        Line(first);
        Line(first + Bits.LineBytes);
        Line(first + (2 * Bits.LineBytes));

        if (lines > 3)
        {
            Line(first + (3 * Bits.LineBytes));
            Line(first + (4 * Bits.LineBytes));
        }

        if (lines > 5)
        {
            Line(first + (5 * Bits.LineBytes));
            Line(first + (6 * Bits.LineBytes));
        }

        if (lines > 7)
        {
            Line(first + (7 * Bits.LineBytes));
            Line(first + (8 * Bits.LineBytes));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Line(byte* line)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(line);
        }
    }
}
