namespace Swarm.Inference.Kernels;

/// <summary>Where the keys and values of one head lie: at the same place in every chunk's memory.</summary>
internal readonly unsafe struct KvHead(KvFormat format, byte** chunks, long keys, long values)
{
    public KvFormat Format { get; } = format;

    /// <summary>The keys of a chunk.</summary>
    public byte* Keys(int chunk) => chunks[chunk] + keys;

    /// <summary>The values of a chunk.</summary>
    public byte* Values(int chunk) => chunks[chunk] + values;
}
