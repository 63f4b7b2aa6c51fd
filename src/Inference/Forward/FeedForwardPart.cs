using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>The feed-forward part of a block: wider, through a gate, and back. Experts are made of the same.</summary>
internal sealed unsafe class FeedForwardPart
{
    private readonly BlockPass _pass;
    private readonly RangeAction _activate;
    private Activations _input = null!;
    private int _size;

    public FeedForwardPart(BlockPass pass)
    {
        _pass = pass;
        _activate = Activate;
    }

    /// <summary>
    /// Takes the columns of an input that lies ready, which it destroys, to results in the workspace.
    /// </summary>
    public void Run(FeedForwardWeights weights, int size, Activations input)
    {
        Workspace work = _pass.Work;
        (_input, _size) = (input, size);

        if (weights.Gate is { } gate)
        {
            _pass.Multiply(gate, input, work.Inner, work.InnerWidth);
        }

        bool together = weights.Gate is null && _pass.Spec.FeedForward != FeedForwardKind.Gelu;
        _pass.Multiply(weights.Up, input, work.Inner + (together ? 0 : size), work.InnerWidth);
        input.Begin(input.Columns, size);
        _pass.Pool.For(input.Columns, size * 16L, _activate);
        _pass.Multiply(weights.Down, input, work.Result, work.Width);
    }

    private void Activate(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            float* gate = _pass.Work.Inner + ((long)i * _pass.Work.InnerWidth);
            Activate(gate, gate + _size, _input.Column(i));
        }
    }

    private void Activate(float* gate, float* up, float* output)
    {
        switch (_pass.Spec.FeedForward, _pass.Vectors)
        {
            case (FeedForwardKind.SwiGlu, true):
                SwiGlu.Vector(gate, up, _size, output);
                break;
            case (FeedForwardKind.SwiGlu, false):
                SwiGlu.Scalar(gate, up, _size, output);
                break;
            case (FeedForwardKind.GeGlu, true):
                GeGlu.Vector(gate, up, _size, output);
                break;
            case (FeedForwardKind.GeGlu, false):
                GeGlu.Scalar(gate, up, _size, output);
                break;
            case (FeedForwardKind.ClampedSwiGlu, true):
                ClampedSwiGlu.Vector(gate, up, _size, output);
                break;
            case (FeedForwardKind.ClampedSwiGlu, false):
                ClampedSwiGlu.Scalar(gate, up, _size, output);
                break;
            case (_, true):
                Gelu.Vector(up, _size, output);
                break;
            default:
                Gelu.Scalar(up, _size, output);
                break;
        }
    }
}
