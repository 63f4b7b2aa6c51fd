using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>A norm: its kind, its weight, and its bias where the kind has one.</summary>
internal sealed unsafe record NormWeights(NormKind Kind, float Epsilon, NativeBuffer Weight, NativeBuffer? Bias)
    : IDisposable
{
    public void Apply(float* x, int width, float* output, bool vectors)
    {
        switch (Kind, vectors)
        {
            case (NormKind.Rms, true):
                RmsNorm.Vector(x, Weight.Floats, Epsilon, width, output);
                break;
            case (NormKind.Rms, false):
                RmsNorm.Scalar(x, Weight.Floats, Epsilon, width, output);
                break;
            case (_, true):
                LayerNorm.Vector(x, Weight.Floats, Bias!.Floats, Epsilon, width, output);
                break;
            default:
                LayerNorm.Scalar(x, Weight.Floats, Bias!.Floats, Epsilon, width, output);
                break;
        }
    }

    public void Dispose()
    {
        Weight.Dispose();
        Bias?.Dispose();
    }
}
