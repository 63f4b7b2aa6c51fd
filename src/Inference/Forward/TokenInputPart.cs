using System.Buffers;
using Swarm.Inference.Kernels;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// The input of the token itself: made once for all blocks of a span, from the token's id and its embedding, and taken
/// in by each block at its end.
/// </summary>
internal sealed unsafe class TokenInputPart
{
    private const float RootOfHalf = 0.70710678118654752f;

    private readonly BlockPass _pass;
    private readonly RangeAction _copy;
    private readonly RangeAction _gate;

    public TokenInputPart(BlockPass pass)
    {
        _pass = pass;
        _copy = Copy;
        _gate = Gate;
    }

    /// <summary>
    /// Finishes one column's inputs to the blocks of the span, once its embedding went through the matrix.
    /// </summary>
    public static void Make(TokenInputWeights weights, int token, float* inputs, int width, bool vectors)
    {
        int size = weights.Size;
        int count = weights.Embedding.Width;
        float[] embedding = ArrayPool<float>.Shared.Rent(count);
        weights.Embedding.DecodeRow(token, embedding.AsSpan(0, count));
        Scale.Row(inputs, 1 / MathF.Sqrt(width), count);

        for (int at = 0; at < count; at += size)
        {
            weights.Norm.Apply(inputs + at, size, inputs + at, vectors);
        }

        fixed (float* row = embedding)
        {
            Sum.Scaled(inputs, row, MathF.Sqrt(size), count);
        }

        Scale.Row(inputs, RootOfHalf, count);
        ArrayPool<float>.Shared.Return(embedding);
    }

    /// <summary>Lets a block take its input in.</summary>
    public void Run(BlockInputWeights weights, int size)
    {
        Workspace work = _pass.Work;
        work.Input.Begin(_pass.Count, work.Width);
        _pass.ForEach(work.Width, _copy);
        _pass.Multiply(weights.Gate, work.Inner, work.InnerWidth);
        work.Input.Begin(_pass.Count, size);
        _pass.ForEach(size * 16L, _gate);
        _pass.Multiply(weights.Back, work.Result, work.Width);
        _pass.AddResults(weights.Norm);
    }

    private void Copy(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            new Span<float>(_pass.Hidden(i), _pass.Work.Width)
                .CopyTo(new Span<float>(_pass.Work.Input.Column(i), _pass.Work.Width));
        }
    }

    private void Gate(int first, int last)
    {
        int size = _pass.Spec.TokenInputSize;

        for (int i = first; i < last; i++)
        {
            float* gate = _pass.Work.Inner + ((long)i * _pass.Work.InnerWidth);
            float* input = _pass.Work.TokenInputs(_pass.Active[i]) + ((_pass.Block - _pass.FirstBlock) * size);

            if (_pass.Vectors)
            {
                GeGlu.Vector(gate, input, size, _pass.Work.Input.Column(i));
            }
            else
            {
                GeGlu.Scalar(gate, input, size, _pass.Work.Input.Column(i));
            }
        }
    }
}
