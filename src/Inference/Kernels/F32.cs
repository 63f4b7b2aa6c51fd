using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>32-bit floats.</summary>
internal readonly unsafe struct F32 : IRoundedFormat
{
    public static int Size => sizeof(float);

    public static float One(byte* source) => *(float*)source;

    public static bool IsFinite(byte* source) => float.IsFinite(*(float*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sixteen(byte* source) => Vector512.Load((float*)source);

    public static bool Round(float value, byte* target)
    {
        *(float*)target = value;
        return float.IsFinite(value);
    }
}
