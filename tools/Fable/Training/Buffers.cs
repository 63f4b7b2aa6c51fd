using System.Runtime.InteropServices;

namespace Swarm.Fable.Training;

/// <summary>Float memory that vectors may load from.</summary>
public static unsafe class Buffers
{
    /// <summary>Zeroed floats on a cache line's border. Never freed: it lives as long as a training run, which is the program.</summary>
    public static float* Allocate(long count)
    {
        nuint bytes = (nuint)Math.Max(count, 16) * sizeof(float);
        void* memory = NativeMemory.AlignedAlloc(bytes, 64);
        NativeMemory.Clear(memory, bytes);
        return (float*)memory;
    }
}
