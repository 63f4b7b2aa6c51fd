using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>16-bit IEEE floats.</summary>
internal readonly unsafe struct F16 : IRoundedFormat
{
    public static int Size => sizeof(ushort);

    public static float One(byte* source) => (float)*(Half*)source;

    public static bool IsFinite(byte* source) => Half.IsFinite(*(Half*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sixteen(byte* source) => HalfLanes.Load(source);

    public static bool Round(float value, byte* target)
    {
        var rounded = (Half)value;
        *(Half*)target = rounded;
        return Half.IsFinite(rounded);
    }
}
