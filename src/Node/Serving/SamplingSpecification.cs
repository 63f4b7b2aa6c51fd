using Swarm.Inference.Sampling;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Serving;

/// <summary>A sampling specification as it travels, and as the engine takes it.</summary>
internal static class SamplingSpecification
{
    /// <summary>The same specification as the engine takes it.</summary>
    internal static SamplingOptions ToOptions(this Sampling sampling) => new()
    {
        Temperature = sampling.Temperature,
        TopK = (int)sampling.TopK,
        TopP = sampling.TopP,
        MinP = sampling.MinP,
        RepeatPenalty = sampling.RepeatPenalty,
        RepeatLastN = (int)sampling.RepeatLastN,
        Seed = sampling.Seed,
    };
}
