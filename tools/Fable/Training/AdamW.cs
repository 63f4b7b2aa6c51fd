using System.Runtime.Intrinsics;

namespace Swarm.Fable.Training;

/// <summary>AdamW: steps scaled by the gradients' running moments, and a decay of the matrices' weights beside them.</summary>
public sealed unsafe class AdamW(NetworkShape shape)
{
    private const float FirstDecay = 0.9f;
    private const float SecondDecay = 0.98f;
    private const float Epsilon = 1e-8f;
    private const float WeightDecay = 0.05f;

    /// <summary>The running mean of gradients.</summary>
    public float* First { get; } = Buffers.Allocate(shape.Count);

    /// <summary>The running mean of their squares.</summary>
    public float* Second { get; } = Buffers.Allocate(shape.Count);

    /// <summary>One step, the first being number 1, with gradients scaled by a factor.</summary>
    public void Step(float* parameters, float* gradients, int step, float rate, float factor)
    {
        float firstBias = 1 / (1 - MathF.Pow(FirstDecay, step));
        float secondBias = 1 / (1 - MathF.Pow(SecondDecay, step));
        Parallel.ForEach(shape.Tensors(), tensor =>
        {
            float keep = tensor.Rows > 1 ? 1 - (rate * WeightDecay) : 1;
            for (int i = tensor.Offset; i < tensor.Offset + (tensor.Rows * tensor.Columns); i += 16)
            {
                Vector512<float> slope = Vector512.Load(gradients + i) * factor;
                Vector512<float> first = (Vector512.Load(First + i) * FirstDecay) + (slope * (1 - FirstDecay));
                Vector512<float> second = (Vector512.Load(Second + i) * SecondDecay) + (slope * slope * (1 - SecondDecay));
                first.Store(First + i);
                second.Store(Second + i);
                Vector512<float> size = Vector512.Sqrt(second * secondBias) + Vector512.Create(Epsilon);
                ((Vector512.Load(parameters + i) * keep) - (first * (firstBias * rate) / size)).Store(parameters + i);
            }
        });
    }
}
