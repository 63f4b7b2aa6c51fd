using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>One block's matrices and norms, ready to compute. What the block does not have is null.</summary>
internal sealed record BlockWeights(LayerSpec Spec, NormWeights MixerNorm, NormWeights FeedForwardNorm)
{
    /// <summary>What gives queries, keys, values and gates, in this order, or what a recurrent block mixes.</summary>
    public required Projection[] Inputs { get; init; }

    /// <summary>The small tensors of a recurrent block.</summary>
    public RecurrenceWeights? Recurrence { get; init; }

    /// <summary>What latent attention has instead.</summary>
    public LatentWeights? Latent { get; init; }

    /// <summary>Brings what was mixed back to the width of the model.</summary>
    public required Projection Output { get; init; }

    /// <summary>The angles of this block, and where they lie in a column's table.</summary>
    public Rotary? Rotary { get; init; }

    /// <summary>Floats of a column's table before this block's angles.</summary>
    public int RotaryOffset { get; init; }

    /// <summary>An extra logit per head in the denominator of attention, where the model has them.</summary>
    public NativeBuffer? Sinks { get; init; }

    /// <summary>Brings each query to unit size.</summary>
    public NormWeights? QueryNorm { get; init; }

    /// <summary>Brings each key to unit size.</summary>
    public NormWeights? KeyNorm { get; init; }

    /// <summary>Brings each value to unit size.</summary>
    public NormWeights? ValueNorm { get; init; }

    /// <summary>Brings the first half's result to unit size before it is added.</summary>
    public NormWeights? PostMixerNorm { get; init; }

    /// <summary>Brings the second half's result to unit size before it is added.</summary>
    public NormWeights? PostFeedForwardNorm { get; init; }

    /// <summary>The feed-forward part, or that beside the experts.</summary>
    public FeedForwardWeights? FeedForward { get; init; }

    /// <summary>How the input of the token itself comes in.</summary>
    public BlockInputWeights? TokenInput { get; init; }

    /// <summary>What the block's result is multiplied by.</summary>
    public float OutputScale { get; init; } = 1;

    /// <summary>The experts.</summary>
    public ExpertWeights? Experts { get; init; }
}
