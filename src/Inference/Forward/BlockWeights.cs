using Swarm.Inference.Kernels;
using Swarm.Inference.Model;

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
    public void Dispose()
    {
        AttentionNorm.Dispose();
        FeedForwardNorm.Dispose();
        Output.Dispose();
        Gate?.Dispose();
        Up.Dispose();
        Down.Dispose();

        foreach (Projection projection in Qkv)
        {
            projection.Dispose();
        }
    }
}
