namespace Swarm.Inference.Forward;

/// <summary>A cache asks for more memory than its pool may still give.</summary>
/// <param name="needed">Bytes asked for.</param>
/// <param name="free">Bytes the pool may still give.</param>
public sealed class KvMemoryException(long needed, long free)
    : OutOfMemoryException($"The cache needs {needed} bytes; {free} are free.")
{
    /// <summary>Bytes asked for.</summary>
    public long Needed { get; } = needed;

    /// <summary>Bytes the pool may still give.</summary>
    public long Free { get; } = free;
}
