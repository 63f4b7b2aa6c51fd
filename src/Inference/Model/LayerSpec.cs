namespace Swarm.Inference.Model;

/// <summary>Everything that may differ from one block of a model to the next.</summary>
public sealed record LayerSpec
{
    /// <summary>Heads that ask.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Heads that hold keys and values; a divisor of <see cref="HeadCount"/>.</summary>
    public required int KvHeadCount { get; init; }

    /// <summary>Values of one query or key.</summary>
    public required int KeySize { get; init; }

    /// <summary>Values of one value row.</summary>
    public required int ValueSize { get; init; }

    /// <summary>Width between the two halves of the feed-forward part.</summary>
    public required int FeedForwardSize { get; init; }

    /// <summary>Whether queries, keys and values come out of one matrix.</summary>
    public required bool FusedQkv { get; init; }

    /// <summary>What the feed-forward part computes.</summary>
    public required FeedForwardKind FeedForward { get; init; }

    /// <summary>How many positions a query sees, its own included; 0 for all before it.</summary>
    public int Window { get; init; }

    /// <summary>c of c · tanh(score / c), which keeps attention scores within ±c; 0 for none.</summary>
    public float Softcap { get; init; }

    /// <summary>What attention scores are multiplied by; 1 / √<see cref="KeySize"/> if the model names none.</summary>
    public float? Scale { get; init; }

    /// <summary>How positions turn queries and keys.</summary>
    public required RopeSpec Rope { get; init; }
}
