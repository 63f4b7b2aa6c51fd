using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>The upper halves of 32-bit floats.</summary>
internal readonly unsafe struct BF16 : IFloatFormat
{
    public static int Size => sizeof(ushort);

    public static float One(byte* source) => BitConverter.UInt32BitsToSingle((uint)*(ushort*)source << 16);

    public static bool IsFinite(byte* source) => float.IsFinite(One(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sixteen(byte* source)
        => Vector512.ShiftLeft(HalfLanes.Widen(source), 16).AsSingle();
}
