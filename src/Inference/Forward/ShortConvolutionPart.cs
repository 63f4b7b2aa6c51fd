using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// A short convolution between two gates: of b, c and x, which one matrix gives, <c>c · conv(b · x)</c> goes back to
/// the width of the model.
/// </summary>
internal sealed unsafe class ShortConvolutionPart
{
    // Channels that one thread takes at least.
    private const int Group = 64;

    private readonly BlockPass _pass;
    private readonly RecurrentRuns _runs;
    private readonly RangeAction _convolve;

    public ShortConvolutionPart(BlockPass pass, RecurrentRuns runs)
    {
        _pass = pass;
        _runs = runs;
        _convolve = Convolve;
    }

    private RecurrenceSpec Spec => _pass.Spec.Recurrence!;

    private int Groups => (Spec.Channels + Group - 1) / Group;

    /// <summary>Reads the input that lies ready; leaves its results in the workspace.</summary>
    public void Run()
    {
        Workspace work = _pass.Work;
        _pass.Multiply(_pass.Weights.Inputs[0], work.Qkv, work.QkvWidth);
        work.Input.Begin(_pass.Count, Spec.Channels);
        _runs.Find(_pass);
        _pass.Pool.For(_runs.Count * Groups, (long)Group * Spec.Taps * _pass.Count / _runs.Count, _convolve);
        _pass.Multiply(_pass.Weights.Output, work.Result, work.Width);
    }

    private void Convolve(int first, int last)
    {
        for (int item = first; item < last; item++)
        {
            (int begin, int end) = _runs.Of(item / Groups);
            int channel = item % Groups * Group;

            for (int i = begin; i < end; i++)
            {
                Convolve(i, channel, Math.Min(channel + Group, Spec.Channels));
            }
        }
    }

    private void Convolve(int i, int first, int last)
    {
        int channels = Spec.Channels;
        ref Column column = ref _pass.At(i);
        float* row = _pass.Work.Qkv + ((long)i * _pass.Work.QkvWidth);
        float* gated = row + (2 * channels);
        float* output = _pass.Work.Input.Column(i);
        float* tail = column.Cache.State(_pass.Block, column.Appends);

        Product(row + first, gated + first, gated + first, last - first);
        CausalConvolution.Step(
            tail, gated, _pass.Weights.Recurrence!.Taps.Floats, Spec.Taps, channels, first, last, output);
        Product(row + channels + first, output + first, output + first, last - first);
        column.Cache.Snap(column, _pass.Block, Spec, first, last);
    }

    private static void Product(float* left, float* right, float* output, int count)
    {
        for (int i = 0; i < count; i++)
        {
            output[i] = left[i] * right[i];
        }
    }
}
