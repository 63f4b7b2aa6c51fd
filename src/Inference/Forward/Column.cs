namespace Swarm.Inference.Forward;

/// <summary>One position of one session on its way through the blocks.</summary>
internal struct Column
{
    /// <summary>Whose it is: an index into the batch.</summary>
    public int Slice;

    /// <summary>Its index within the slice.</summary>
    public int Row;

    /// <summary>Its position in the session.</summary>
    public int Position;

    /// <summary>Where its keys and values are.</summary>
    public KvCache Cache;

    /// <summary>Whether the cache takes its keys and values, rather than already having them.</summary>
    public bool Appends;

    /// <summary>Whether the block just computed left it finite.</summary>
    public bool IsFinite;
}
