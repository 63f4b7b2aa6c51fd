namespace Swarm.Inference.Kernels;

/// <summary>Keys and values of one head in one chunk.</summary>
internal readonly unsafe struct KvChunk(byte* keys, byte* values)
{
    public byte* Keys { get; } = keys;

    public byte* Values { get; } = values;

    /// <summary>Whether every query sees all of it.</summary>
    public bool Whole { get; init; }

    /// <summary>The keys that are read next.</summary>
    public Ahead NextKeys { get; init; }

    /// <summary>The values that are read next.</summary>
    public Ahead NextValues { get; init; }
}
