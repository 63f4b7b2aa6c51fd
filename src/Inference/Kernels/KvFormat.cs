namespace Swarm.Inference.Kernels;

/// <summary>
/// How the keys and values of one head are kept, a chunk of <see cref="Attention.Chunk"/> positions at a time. Keys lie
/// in tiles of 16 positions, element after element; the elements of a value lie together, filled up to a multiple of
/// 16. Attention computes with the floats that the kept numbers stand for, exactly.
/// </summary>
internal abstract unsafe class KvFormat
{
    /// <summary>Bytes of one chunk of keys.</summary>
    public abstract long KeyBytes(int size);

    /// <summary>Bytes of one chunk of values.</summary>
    public abstract long ValueBytes(int size);

    /// <summary>Rounds a key into a row of a chunk; false when it does not stay finite.</summary>
    public abstract bool StoreKey(byte* chunk, int row, float* key, int size);

    /// <summary>Rounds a value into a row of a chunk; false when it does not stay finite.</summary>
    public abstract bool StoreValue(byte* chunk, int row, float* value, int size);

    /// <summary>A chunk's keys as floats, tile after tile: in <paramref name="room"/>, or where they are.</summary>
    public abstract float* Keys(byte* chunk, int size, float* room, bool vectors);

    /// <summary>A chunk's values as floats, row after row: in <paramref name="room"/>, or where they are.</summary>
    public abstract float* Values(byte* chunk, int size, float* room, bool vectors);

    /// <summary>What <see cref="Attention.Fold"/> does, with a chunk as it is kept.</summary>
    public virtual void Fold(
        in AttentionSpec spec, in KvChunk chunk, AttentionQuery* queries, int count, AttentionScratch scratch)
    {
        var floats = new KvChunk(
            (byte*)Keys(chunk.Keys, spec.KeySize, scratch.Keys, vectors: true),
            (byte*)Values(chunk.Values, spec.ValueSize, scratch.Values, vectors: true))
        {
            Whole = chunk.Whole,
            NextKeys = chunk.NextKeys,
            NextValues = chunk.NextValues,
        };
        Attention.Fold<F32>(spec, floats, queries, count, scratch);
    }

    /// <summary>Bytes of one exported key or value.</summary>
    public abstract int ExportedBytes(int size);

    /// <summary>Writes the kept numbers of a key, element after element.</summary>
    public abstract void ExportKey(byte* chunk, int row, int size, byte* target);

    /// <summary>Writes the kept numbers of a value, element after element.</summary>
    public abstract void ExportValue(byte* chunk, int row, int size, byte* target);

    /// <summary>Takes the kept numbers of a key; false when they are none.</summary>
    public abstract bool ImportKey(byte* chunk, int row, int size, byte* source);

    /// <summary>Takes the kept numbers of a value; false when they are none.</summary>
    public abstract bool ImportValue(byte* chunk, int row, int size, byte* source);

    /// <summary>Where a position's key begins: in its tile, a tile's width between elements.</summary>
    protected static long KeyPlace(int row, int size)
        => ((long)(row / Attention.Tile) * size * Attention.Tile) + (row % Attention.Tile);
}
