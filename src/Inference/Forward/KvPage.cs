using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>Memory of consecutive positions in all blocks of a cache; caches with the same past share it.</summary>
internal sealed class KvPage(NativeBuffer memory)
{
    public NativeBuffer Memory { get; } = memory;

    /// <summary>How many caches hold it; who holds it alone may write.</summary>
    public int Holders { get; set; } = 1;
}
