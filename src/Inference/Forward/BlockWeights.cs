using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>One block's matrices and norms, ready to compute.</summary>
internal sealed record BlockWeights(
    LayerSpec Spec,
    NormWeights AttentionNorm,
    Projection[] Qkv,
    Projection Output,
    NormWeights FeedForwardNorm,
    Projection? Gate,
    Projection Up,
    Projection Down) : IDisposable
{
    /// <summary>An extra logit per head in the denominator of attention, where the model has them.</summary>
    public NativeBuffer? Sinks { get; init; }

    public void Dispose()
    {
        AttentionNorm.Dispose();
        FeedForwardNorm.Dispose();
        Output.Dispose();
        Gate?.Dispose();
        Up.Dispose();
        Down.Dispose();
        Sinks?.Dispose();

        foreach (Projection projection in Qkv)
        {
            projection.Dispose();
        }
    }
}
