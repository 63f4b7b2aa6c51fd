using Swarm.Inference.Threading;

namespace Swarm.Inference.Kernels;

/// <summary>A matrix and what is added to its results.</summary>
internal sealed record Projection(PackedMatrix Matrix, NativeBuffer? Bias) : IDisposable
{
    public void Dispose()
    {
        Matrix.Dispose();
        Bias?.Dispose();
    }
}
