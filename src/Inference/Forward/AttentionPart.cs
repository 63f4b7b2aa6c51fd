using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// Queries, keys and values of a batch of columns, what the queries saw, and its way back to the width.
/// </summary>
internal sealed unsafe class AttentionPart
{
    private readonly BlockPass _pass;
    private readonly AttentionRunner _attention;
    private readonly RangeAction _place;
    private readonly RangeAction _gate;

    public AttentionPart(BlockPass pass, AttentionRunner attention)
    {
        _pass = pass;
        _attention = attention;
        _place = Place;
        _gate = Gate;
    }

    /// <summary>Reads the input that lies ready; leaves its results in the workspace.</summary>
    public void Run()
    {
        LayerSpec spec = _pass.Spec;
        Workspace work = _pass.Work;
        float* output = work.Qkv;

        // Queries, keys and values of a column lie in a row, whether one matrix gives them or three.
        foreach (Projection projection in _pass.Weights.Inputs)
        {
            _pass.Multiply(projection, output, work.QkvWidth);
            output += projection.Matrix.Rows;
        }

        _pass.ForEach((long)spec.KeySize * spec.HeadCount, _place);
        work.Input.Begin(_pass.Count, spec.HeadCount * spec.ValueSize);
        _attention.Run(
            _pass.Weights, spec.KvSource ?? _pass.Block, work, _pass.Columns, _pass.Active, _pass.Count);

        if (spec.HasQueryGate)
        {
            _pass.ForEach(16L * work.Input.Width, _gate);
        }

        _pass.Multiply(_pass.Weights.Output, work.Result, work.Width);
    }

    // What was seen passes each head's gate, whose values stand behind those of queries, keys and values.
    private void Gate(int first, int last)
    {
        Workspace work = _pass.Work;
        LayerSpec spec = _pass.Spec;
        int width = spec.HeadCount * spec.ValueSize;

        for (int i = first; i < last; i++)
        {
            float* seen = work.Input.Column(i);
            float* gate = work.Qkv + ((long)i * work.QkvWidth) + spec.MixedWidth - width;

            if (_pass.Vectors)
            {
                Sigmoid.Vector(gate, seen, width, seen);
            }
            else
            {
                Sigmoid.Scalar(gate, seen, width, seen);
            }
        }
    }

    // Turns queries and keys by their position, and gives keys and values to the cache before anyone reads them.
    private void Place(int first, int last)
    {
        LayerSpec spec = _pass.Spec;
        BlockWeights weights = _pass.Weights;

        for (int i = first; i < last; i++)
        {
            ref Column column = ref _pass.At(i);
            float* queries = _pass.Work.Qkv + ((long)i * _pass.Work.QkvWidth);
            float* keys = queries + (spec.HeadCount * spec.KeySize);
            float* values = keys + (spec.KvHeadCount * spec.KeySize);

            Normalize(weights.QueryNorm, queries, spec.HeadCount, spec.KeySize);
            _pass.Turn(i, queries, spec.HeadCount);

            if (spec.Temperature is { } temperature)
            {
                Scale.Row(queries, temperature.At(column.Position), spec.HeadCount * spec.KeySize);
            }

            if (spec.HasKv)
            {
                if (spec.ValueIsKey)
                {
                    int count = spec.KvHeadCount * spec.ValueSize;
                    new Span<float>(keys, count).CopyTo(new Span<float>(values, count));
                }

                Normalize(weights.ValueNorm, values, spec.KvHeadCount, spec.ValueSize);
                Normalize(weights.KeyNorm, keys, spec.KvHeadCount, spec.KeySize);
                _pass.Turn(i, keys, spec.KvHeadCount);
                column.IsFinite &= !column.Appends || column.Cache.Write(_pass.Block, column.Position, keys, values);
            }
        }
    }

    private void Normalize(NormWeights? norm, float* heads, int count, int size)
    {
        if (norm is not null)
        {
            for (int head = 0; head < count; head++, heads += size)
            {
                norm.Apply(heads, size, heads, _pass.Vectors);
            }
        }
    }
}
