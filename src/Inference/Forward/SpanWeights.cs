using Swarm.Inference.Kernels;

namespace Swarm.Inference.Forward;

/// <summary>The weights of consecutive blocks, with the embedding before block 0 and the head after the last.</summary>
internal sealed record SpanWeights(
    PackedMatrix? TokenEmbedding,
    PackedMatrix? PositionEmbedding,
    IReadOnlyList<BlockWeights> Blocks,
    NormWeights? OutputNorm,
    Projection? Output,
    RotaryTables Rotary,
    TokenInputWeights? TokenInputs,
    IReadOnlyList<IDisposable> Memory,
    long Bytes) : IDisposable
{
    public void Dispose()
    {
        foreach (IDisposable part in Memory)
        {
            part.Dispose();
        }
    }
}
