namespace Swarm.Inference.Model;

/// <summary>
/// Everything that may differ from one block of a model to the next: what a reader of the file fills in, and all that
/// the one forward pass knows of an architecture. What is not set is not there.
/// </summary>
public sealed record LayerSpec
{
    /// <summary>What mixes a position with those before it.</summary>
    public MixerKind Mixer { get; init; }

    /// <summary>Heads that ask.</summary>
    public required int HeadCount { get; init; }

    /// <summary>
    /// Heads that hold keys and values; a divisor of <see cref="HeadCount"/>, or 0 without attention.
    /// </summary>
    public required int KvHeadCount { get; init; }

    /// <summary>Values of one query or key.</summary>
    public required int KeySize { get; init; }

    /// <summary>Values of one value row.</summary>
    public required int ValueSize { get; init; }

    /// <summary>
    /// Width between the two halves of the feed-forward part; beside experts that of the shared one, 0 for none.
    /// </summary>
    public required int FeedForwardSize { get; init; }

    /// <summary>Whether queries, keys and values come out of one matrix.</summary>
    public required bool FusedQkv { get; init; }

    /// <summary>What the feed-forward part computes.</summary>
    public required FeedForwardKind FeedForward { get; init; }

    /// <summary>How positions turn queries and keys.</summary>
    public required RopeSpec Rope { get; init; }

    /// <summary>Which biases the file must hold; others are used where it holds them.</summary>
    public BiasKinds Biases { get; init; }

    /// <summary>Whether each query and key is brought to unit size, times a weight, before it is turned.</summary>
    public bool HasQkNorm { get; init; }

    /// <summary>Whether each value is brought to unit size.</summary>
    public bool HasValueNorm { get; init; }

    /// <summary>Whether the keys' matrix gives the values too.</summary>
    public bool ValueIsKey { get; init; }

    /// <summary>Whether the queries' matrix also gives what multiplies the attention's result.</summary>
    public bool HasQueryGate { get; init; }

    /// <summary>The block whose keys and values are read, when this one has none of its own.</summary>
    public int? KvSource { get; init; }

    /// <summary>How many positions a query sees, its own included; 0 for all before it.</summary>
    public int Window { get; init; }

    /// <summary>What attention scores are multiplied by; 1 / √<see cref="KeySize"/> if the model names none.</summary>
    public float? Scale { get; init; }

    /// <summary>c of c · tanh(score / c), which keeps attention scores within ±c; 0 for none.</summary>
    public float Softcap { get; init; }

    /// <summary>Whether each head has a score that takes weight but gives no value.</summary>
    public bool HasSinks { get; init; }

    /// <summary>How queries grow with their position; null for not at all.</summary>
    public TemperatureSpec? Temperature { get; init; }

    /// <summary>Keys and values out of one small row; null for matrices of their own.</summary>
    public LatentSpec? Latent { get; init; }

    /// <summary>What the state of a recurrent block looks like; null for attention.</summary>
    public RecurrenceSpec? Recurrence { get; init; }

    /// <summary>What the norm before the feed-forward part is called.</summary>
    public string FeedForwardNorm { get; init; } = "ffn_norm";

    /// <summary>Whether what attention and feed-forward add is brought to unit size first.</summary>
    public bool HasPostNorms { get; init; }

    /// <summary>Whether one matrix gives both the gate and what it multiplies, the gate first.</summary>
    public bool FusedGate { get; init; }

    /// <summary>The experts; null where every position takes the same way.</summary>
    public ExpertSpec? Experts { get; init; }

    /// <summary>What both parts are multiplied by before they are added.</summary>
    public float ResidualScale { get; init; } = 1;

    /// <summary>Values of the input that every block gets of the token itself; 0 for none.</summary>
    public int TokenInputSize { get; init; }

    /// <summary>Whether the block's result is multiplied by a number of its own, where the file holds one.</summary>
    public bool HasOutputScale { get; init; }

    /// <summary>Heads whose keys and values the block's own cache keeps.</summary>
    public int KvHeadsKept => KvSource is null ? KvHeadCount : 0;

    /// <summary>Whether the block keeps keys and values of its own.</summary>
    public bool HasKv => KvHeadCount > 0 && KvSource is null;

    /// <summary>
    /// Floats that the mixing part makes of one position before it mixes: queries, keys, values, gates.
    /// </summary>
    internal int MixedWidth
        => Recurrence?.MixedWidth ?? checked(
            (HeadCount * (KeySize + (HasQueryGate ? ValueSize : 0))) + (KvHeadCount * (KeySize + ValueSize)));

    /// <summary>Floats that mixing one position gives, before they are brought back to the model's width.</summary>
    internal int SeenWidth
        => Recurrence is { } recurrence
            ? Math.Max(recurrence.Channels, recurrence.ValueHeads * recurrence.ValueSize)
            : HeadCount * ValueSize;

    /// <summary>Floats that mixing needs beside those, for one position.</summary>
    internal int AsideWidth => Latent is { } latent
        ? Math.Max(
            latent.QueryRank,
            checked(HeadCount * Math.Max(latent.PlainSize + KeySize - latent.Rank, latent.ValueSize)))
        : 0;

    /// <summary>The widest input of a product that does not read all of a row or of all columns.</summary>
    internal int GatheredWidth(int width)
        => Math.Max(
            Experts is { } experts ? Math.Max(width, experts.Size) : 0,
            Latent is { } latent ? Math.Max(latent.QueryRank, Math.Max(latent.PlainSize, latent.Rank)) : 0);
}
