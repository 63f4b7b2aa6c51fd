using Swarm.Inference.Kernels;

namespace Swarm.Inference.Forward;

/// <summary>What gives the blocks of a span an input of the token itself.</summary>
/// <param name="Size">Values of one block's input.</param>
/// <param name="Embedding">Each token's inputs to the blocks of the span.</param>
/// <param name="Projection">Gives them inputs from the token's embedding.</param>
/// <param name="Norm">Brings each of the latter to unit size.</param>
internal sealed record TokenInputWeights(int Size, PackedMatrix Embedding, Projection Projection, NormWeights Norm);
