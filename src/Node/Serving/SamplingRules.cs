using Swarm.Protocol.Messages;

namespace Swarm.Node.Serving;

/// <summary>Which sampling specifications make sense; a stranger may send any.</summary>
internal static class SamplingRules
{
    // Stop ids are compared with every token drawn; no model has more than a few ends.
    private const int StopIdsMax = 64;

    internal static bool AreSound(Sampling? sampling, int positionsMax)
        => sampling is not null
            && float.IsFinite(sampling.Temperature) && sampling.Temperature >= 0
            && sampling.TopP is > 0 and <= 1
            && sampling.MinP is >= 0 and <= 1
            && float.IsFinite(sampling.RepeatPenalty) && sampling.RepeatPenalty > 0
            && sampling.TopK <= int.MaxValue
            && sampling.RepeatLastN <= int.MaxValue
            && sampling.StopIds.Count <= StopIdsMax
            && sampling.PositionsMax >= 1 && sampling.PositionsMax <= positionsMax;
}
