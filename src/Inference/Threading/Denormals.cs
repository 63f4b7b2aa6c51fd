using System.Runtime.CompilerServices;

namespace Swarm.Inference.Threading;

/// <summary>
/// Tiny floats must be computed, not flushed: half scales are read as such, and a flush would move bits.
/// </summary>
internal static class Denormals
{
    private static readonly float SmallestNormal = BitConverter.UInt32BitsToSingle(0x0080_0000);
    private static readonly float SmallestDenormal = BitConverter.UInt32BitsToSingle(1);

    /// <summary>Checks the calling thread's processor mode.</summary>
    /// <exception cref="PlatformNotSupportedException">The thread takes denormals for zero.</exception>
    public static void Check()
    {
        if (Multiply(SmallestNormal, 0.5f) == 0 || Multiply(SmallestDenormal, 8_388_608f) != SmallestNormal)
        {
            throw new PlatformNotSupportedException(
                "this thread treats denormal numbers as zero, which would change results: "
                + "something in the process has set the processor's flush-to-zero mode");
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Multiply(float left, float right) => left * right;
}
