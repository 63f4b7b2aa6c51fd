using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Memory that will be read soon: a loop asks for some of it in each of its steps, so that it arrives in the meantime.
/// </summary>
/// <param name="place">Where it begins.</param>
/// <param name="step">Bytes to one step of the loop.</param>
internal readonly unsafe struct Ahead(byte* place, nint step)
{
    private const int LineBytes = 64;

    /// <summary>
    /// Asks for the memory of one step; of more than two lines, for the first two. A default value asks for nothing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Ask(nint index)
    {
        if (Sse.IsSupported && step != 0)
        {
            Sse.Prefetch0(place + (index * step));
            Sse.Prefetch0(place + (index * step) + LineBytes);
        }
    }
}
