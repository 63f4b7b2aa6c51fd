namespace Swarm.Node.Generation;

/// <summary>Why a route cannot go on.</summary>
/// <param name="Stage">Which stage is to blame, or -1 when none is.</param>
/// <param name="Why">What it did, for people.</param>
internal sealed record StageLoss(int Stage, string Why);
