namespace Swarm.Inference.Kernels;

/// <summary>One query of one head, and how far its softmax is.</summary>
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

    /// <summary>The largest score so far.</summary>
    public float Largest;

    /// <summary>The sum of e^(score - largest) so far.</summary>
    public float Total;

    /// <summary>What the chunks so far are multiplied by when the current one joins them.</summary>
    public float Keep;

    /// <summary>What the current chunk is multiplied by.</summary>
    public float Gain;

    /// <summary>The first row of the current chunk that it sees.</summary>
    public int From;

    /// <summary>The row of the current chunk that ends what it sees.</summary>
    public int To;

    /// <summary>Before the first chunk there is nothing, or the sink.</summary>
    public void Begin()
    {
        Total = Sink is null ? 0 : 1;
        Largest = Sink ?? float.NegativeInfinity;
    }

    /// <summary>Finds what it sees of the chunk that begins at <paramref name="position"/>.</summary>
    /// <returns>Whether that is anything.</returns>
    public bool Enter(in AttentionSpec spec, int position)
    {
        From = Math.Max(0, spec.First(Count) - position);
        To = Math.Min(Attention.Chunk, Count - position);
        return From < To;
    }

    /// <summary>Takes a chunk's largest score and its sum into the totals.</summary>
    public void Join(float largest, float sum)
    {
        float larger = MathF.Max(Largest, largest);
        Keep = Exp.Scalar(Largest - larger);
        Gain = Exp.Scalar(largest - larger);
        Largest = larger;
        Total = MathF.FusedMultiplyAdd(Total, Keep, sum * Gain);
    }
}
