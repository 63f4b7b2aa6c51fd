namespace Swarm.Inference.Kernels;

/// <summary>Where the keys and values of one head lie, how it attends, and its sink.</summary>
internal readonly unsafe struct AttentionHead(byte* keys, byte* values, AttentionSpec spec, float? sink = null)
{
    public AttentionSpec Spec { get; } = spec;

    public int KeySize => Spec.KeySize;

    public int ValueSize => Spec.ValueSize;

    /// <summary>A logit of the softmax that no value belongs to: it takes weight and gives nothing.</summary>
    public float? Sink { get; } = sink;

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
