using Swarm.Inference.Kernels;

namespace Swarm.Inference.Forward;

/// <summary>How a block takes in the input of the token itself.</summary>
/// <param name="Gate">What of the hidden state lets it in.</param>
/// <param name="Back">Brings it to the width of the model.</param>
/// <param name="Norm">Brings the result to unit size before it is added.</param>
internal sealed record BlockInputWeights(Projection Gate, Projection Back, NormWeights Norm);
