using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>The small tensors of a recurrent block.</summary>
/// <param name="Taps">The convolution's weights, tap by tap.</param>
internal sealed record RecurrenceWeights(NativeBuffer Taps)
{
    /// <summary>How fast each head's matrix fades; null for a convolution alone.</summary>
    public NativeBuffer? Fading { get; init; }

    /// <summary>What is added to each head's step before it counts.</summary>
    public NativeBuffer? StepBias { get; init; }

    /// <summary>Brings each head's result to unit size.</summary>
    public NormWeights? Norm { get; init; }
}
