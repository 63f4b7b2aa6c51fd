namespace Swarm.Inference.Kernels;

/// <summary>Where the keys and values of one head lie, and their sizes.</summary>
internal readonly unsafe struct AttentionHead(byte* keys, byte* values, int keySize, int valueSize, float scale)
{
    public int KeySize { get; } = keySize;

    public int ValueSize { get; } = valueSize;

    /// <summary>What scores are multiplied by.</summary>
    public float Scale { get; } = scale;

    /// <summary>The first element of a position's key; the next one is a tile's width further.</summary>
    public byte* Key<TFormat>(int position)
        where TFormat : struct, IFloatFormat
        => keys + ((((long)(position / Attention.Tile) * KeySize * Attention.Tile) + (position % Attention.Tile))
            * TFormat.Size);

    /// <summary>The first element of a position's value; the others follow.</summary>
    public byte* Value<TFormat>(int position)
        where TFormat : struct, IFloatFormat
        => values + ((long)position * Attention.Padded(ValueSize) * TFormat.Size);
}
