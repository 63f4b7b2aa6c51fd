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
}
