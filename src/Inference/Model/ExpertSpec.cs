namespace Swarm.Inference.Model;

/// <summary>A mixture of experts: a router chooses a few feed-forward parts for each position.</summary>
public sealed record ExpertSpec
{
    /// <summary>How many there are.</summary>
    public required int Count { get; init; }

    /// <summary>How many a position takes.</summary>
    public required int Used { get; init; }

    /// <summary>Width between the halves of one.</summary>
    public required int Size { get; init; }

    /// <summary>How logits become weights.</summary>
    public ExpertGating Gating { get; init; } = ExpertGating.Softmax;

    /// <summary>Whether the weights of the chosen are divided by their sum.</summary>
    public bool Renormalizes { get; init; }

    /// <summary>What weights are multiplied by at last.</summary>
    public float WeightScale { get; init; } = 1;

    /// <summary>Whether a bias helps to choose, without changing the weights.</summary>
    public bool HasSelectionBias { get; init; }

    /// <summary>Groups that compete first; 1 for none.</summary>
    public int GroupCount { get; init; } = 1;

    /// <summary>Groups whose experts may be chosen.</summary>
    public int GroupsUsed { get; init; } = 1;

    /// <summary>Whether one tensor gives both the gate and what it multiplies, the gate first.</summary>
    public bool FusedGate { get; init; }

    /// <summary>Whether a gate of its own multiplies the shared expert.</summary>
    public bool HasSharedGate { get; init; }

    /// <summary>
    /// Whether the experts stand beside a feed-forward part of their own norms, and the router reads the block's sum.
    /// </summary>
    public bool IsBeside { get; init; }
}
