namespace Swarm.Inference.Sampling;

/// <summary>
/// How a token is chosen. The defaults are those people know from llama.cpp, except for the penalty's window, which
/// there is 64 as well but does nothing at a penalty of 1.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the largest logit, whatever the rest says.</summary>
    public float Temperature { get; init => field = Within(value, 0, 100); } = 0.8f;

    /// <summary>How many of the best tokens may be drawn; 0 for all.</summary>
    public int TopK { get; init => field = (int)Within(value, 0, int.MaxValue); } = 40;

    /// <summary>Only the best tokens that together have this probability may be drawn; 1 for all.</summary>
    public float TopP { get; init => field = Within(value, 0, 1); } = 0.95f;

    /// <summary>Only tokens with at least this share of the best one's probability may be drawn; 0 for all.</summary>
    public float MinP { get; init => field = Within(value, 0, 1); } = 0.05f;

    /// <summary>
    /// Makes recent tokens less likely: positive logits are divided, others multiplied; 1 for not at all.
    /// </summary>
    public float RepeatPenalty { get; init => field = Within(value, 0.01f, 100); } = 1;

    /// <summary>How many of the last tokens count as recent.</summary>
    public int RepeatLastN { get; init => field = (int)Within(value, 0, 1 << 20); } = 64;

    /// <summary>What the draws follow from: the same seed draws the same tokens.</summary>
    public ulong Seed { get; init; }

    /// <summary>Always the most likely token.</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    private static float Within(float value, float least, float most)
        => value >= least && value <= most
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), value, $"must be {least} to {most}");
}
