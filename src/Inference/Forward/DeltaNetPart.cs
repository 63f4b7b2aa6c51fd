using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// The gated delta rule: queries, keys and values pass a short convolution, each head's matrix fades and is corrected
/// by every position, and what it answers is normed and gated. See <see cref="DeltaRule"/>.
/// </summary>
internal sealed unsafe class DeltaNetPart
{
    // Channels that one thread takes at least.
    private const int Group = 64;

    private readonly BlockPass _pass;
    private readonly RecurrentRuns _runs;
    private readonly RangeAction _convolve;
    private readonly RangeAction _prepare;
    private readonly RangeAction _correct;

    public DeltaNetPart(BlockPass pass, RecurrentRuns runs)
    {
        _pass = pass;
        _runs = runs;
        _convolve = Convolve;
        _prepare = Prepare;
        _correct = Correct;
    }

    private RecurrenceSpec Spec => _pass.Spec.Recurrence!;

    private int Groups => (Spec.Channels + Group - 1) / Group;

    private int ValuesWidth => Spec.ValueHeads * Spec.ValueSize;

    /// <summary>Reads the input that lies ready; leaves its results in the workspace.</summary>
    public void Run()
    {
        Workspace work = _pass.Work;
        float* output = work.Qkv;

        // Of a column in a row: queries, keys, values; the gate; then each head's rate and step.
        foreach (Projection projection in _pass.Weights.Inputs)
        {
            _pass.Multiply(projection, output, work.QkvWidth);
            output += projection.Matrix.Rows;
        }

        _runs.Find(_pass);
        long each = _pass.Count / _runs.Count;
        _pass.Pool.For(_runs.Count * Groups, each * Group * Spec.Taps, _convolve);
        _pass.ForEach(Spec.Channels * 8L, _prepare);
        work.Input.Begin(_pass.Count, ValuesWidth);
        _pass.Pool.For(_runs.Count * Spec.ValueHeads, each * Spec.MatrixLength * 3, _correct);
        _pass.Multiply(_pass.Weights.Output, work.Result, work.Width);
    }

    private void Convolve(int first, int last)
    {
        for (int item = first; item < last; item++)
        {
            (int begin, int end) = _runs.Of(item / Groups);
            int from = item % Groups * Group;
            int to = Math.Min(from + Group, Spec.Channels);

            for (int i = begin; i < end; i++)
            {
                ref Column column = ref _pass.At(i);
                float* row = Row(i);
                CausalConvolution.Step(
                    column.Cache.State(_pass.Block, column.Appends),
                    row,
                    _pass.Weights.Recurrence!.Taps.Floats,
                    Spec.Taps,
                    Spec.Channels,
                    from,
                    to,
                    row);
                Gate(row + from, row + from, to - from, row + from);
                column.Cache.Snap(column, _pass.Block, Spec, from, to);
            }
        }
    }

    // Queries and keys of unit length; how much each head fades, and at what rate it is corrected.
    private void Prepare(int first, int last)
    {
        float epsilon = _pass.Work.NormEpsilon;
        float scale = 1 / MathF.Sqrt(Spec.KeySize);
        RecurrenceWeights weights = _pass.Weights.Recurrence!;

        for (int i = first; i < last; i++)
        {
            float* row = Row(i);

            for (int head = 0; head < Spec.KeyHeads; head++)
            {
                float* query = row + (head * Spec.KeySize);
                float* key = query + (Spec.KeyHeads * Spec.KeySize);
                UnitLength.Row(query, epsilon, scale, Spec.KeySize, _pass.Vectors);
                UnitLength.Row(key, epsilon, 1, Spec.KeySize, _pass.Vectors);
            }

            float* rates = row + Spec.Channels + ValuesWidth;
            float* steps = rates + Spec.ValueHeads;

            for (int head = 0; head < Spec.ValueHeads; head++)
            {
                rates[head] = Sigmoid.One(rates[head]);
                float step = Softplus.One(steps[head] + weights.StepBias!.Floats[head]);
                steps[head] = Exp.Scalar(weights.Fading!.Floats[head] * step);
            }
        }
    }

    private void Correct(int first, int last)
    {
        for (int item = first; item < last; item++)
        {
            (int begin, int end) = _runs.Of(item / Spec.ValueHeads);

            for (int i = begin; i < end; i++)
            {
                Answer(i, item % Spec.ValueHeads);
            }
        }
    }

    // Heads of values take turns with the heads of keys.
    private void Answer(int i, int head)
    {
        ref Column column = ref _pass.At(i);
        float* row = Row(i);
        float* keys = row + (Spec.KeyHeads * Spec.KeySize);
        int keyOffset = head % Spec.KeyHeads * Spec.KeySize;
        int valueOffset = head * Spec.ValueSize;
        float* rates = row + Spec.Channels + ValuesWidth;
        float* output = _pass.Work.Input.Column(i) + valueOffset;

        DeltaRule.Step(
            column.Cache.State(_pass.Block, column.Appends) + Spec.TailLength + (head * Spec.MatrixLength),
            row + keyOffset,
            keys + keyOffset,
            keys + (Spec.KeyHeads * Spec.KeySize) + valueOffset,
            rates[Spec.ValueHeads + head],
            rates[head],
            Spec.KeySize,
            Spec.ValueSize,
            output);
        _pass.Weights.Recurrence!.Norm!.Apply(output, Spec.ValueSize, output, _pass.Vectors);

        // SiLU of the gate times the result.
        float* gate = row + Spec.Channels + valueOffset;

        if (_pass.Vectors)
        {
            SwiGlu.Vector(gate, output, Spec.ValueSize, output);
        }
        else
        {
            SwiGlu.Scalar(gate, output, Spec.ValueSize, output);
        }

        column.Cache.Snap(column, _pass.Block, Spec, head);
    }

    private void Gate(float* gate, float* x, int count, float* output)
    {
        if (_pass.Vectors)
        {
            Sigmoid.Vector(gate, x, count, output);
        }
        else
        {
            Sigmoid.Scalar(gate, x, count, output);
        }
    }

    private float* Row(int i) => _pass.Work.Qkv + ((long)i * _pass.Work.QkvWidth);
}
