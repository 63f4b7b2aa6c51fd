using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>32-bit floats.</summary>
internal readonly unsafe struct F32 : IFloatFormat
{
    public static int Size => sizeof(float);

    public static float One(byte* source) => *(float*)source;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sixteen(byte* source) => Vector512.Load((float*)source);
}
