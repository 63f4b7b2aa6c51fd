namespace Swarm.Inference.Model;

/// <summary>How positions turn queries and keys.</summary>
/// <param name="Kind">Which elements turn together.</param>
/// <param name="Dimensions">How many elements of a head turn; the rest stay.</param>
/// <param name="FrequencyBase">The base of the angles' geometric series.</param>
/// <param name="FrequencyScale">What positions are multiplied by: 1, or 1 / factor of linear scaling.</param>
/// <param name="HasFactors">Whether <c>rope_freqs.weight</c> divides the angles.</param>
public sealed record RopeSpec(
    RopeKind Kind, int Dimensions, float FrequencyBase, float FrequencyScale, bool HasFactors)
{
    /// <summary>No turning at all.</summary>
    public static RopeSpec None { get; } = new(RopeKind.None, 0, 1, 1, false);

    /// <summary>Which frequencies are scaled; null for all.</summary>
    public YarnSpec? Yarn { get; init; }

    /// <summary>
    /// The longest session whose angles <c>rope_factors_short.weight</c> divides; longer ones take
    /// <c>rope_factors_long.weight</c>, from their first position on. 0 for a model without such factors.
    /// </summary>
    public int ShortContext { get; init; }

    /// <summary>What sines and cosines are multiplied by.</summary>
    public float Magnitude { get; init; } = 1;
}
