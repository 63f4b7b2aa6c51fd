namespace Swarm.Inference.Model;

/// <summary>
/// YaRN: low frequencies are stretched, high ones kept, those between mixed by a ramp (Peng et al. 2023).
/// </summary>
/// <param name="OriginalContext">Positions the model was first trained for.</param>
/// <param name="BetaFast">Turns over that context from which a frequency is kept.</param>
/// <param name="BetaSlow">Turns up to which it is stretched in full.</param>
/// <param name="Mix">How much of this mixing takes place, usually 1.</param>
public sealed record YarnSpec(int OriginalContext, float BetaFast, float BetaSlow, float Mix);
