namespace Swarm.Inference.Kernels;

/// <summary>One query of one head.</summary>
internal unsafe struct AttentionQuery
{
    /// <summary>What is asked.</summary>
    public float* Query;

    /// <summary>Where the mix of values goes.</summary>
    public float* Output;

    /// <summary>Positions up to its own, which is the last of them.</summary>
    public int Count;

    /// <summary>A logit of the softmax that no value belongs to: it takes weight and gives nothing.</summary>
    public float? Sink;

    /// <summary>The first row of the current chunk that it sees.</summary>
    public int From;

    /// <summary>The row of the current chunk that ends what it sees.</summary>
    public int To;

    /// <summary>Whether it sees any of the current chunk.</summary>
    public readonly bool Sees => From < To;

    /// <summary>Finds what it sees of the chunk that begins at <paramref name="position"/>.</summary>
    public void Enter(in AttentionSpec spec, int position)
    {
        From = Math.Max(0, spec.First(Count) - position);
        To = Math.Min(Attention.Chunk, Count - position);
    }
}
