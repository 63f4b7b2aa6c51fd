using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// A batch of columns through one block. Columns are independent: each step is split over the pool by columns, heads or
/// rows, and none of them sees its neighbours.
/// </summary>
internal sealed unsafe class TransformerBlock : IDisposable
{
    private readonly ComputePool _pool;
    private readonly MatMul _matMul;
    private readonly AttentionRunner _attention;
    private readonly Rotary? _rotary;
    private readonly bool _vectors;
    private readonly RangeAction _normalize;
    private readonly RangeAction _place;
    private readonly RangeAction _activate;
    private readonly RangeAction _addAttention;
    private readonly RangeAction _addFeedForward;

    private Workspace _work = null!;
    private Column[] _columns = null!;
    private int[] _active = null!;
    private int _count;
    private int _block;
    private BlockWeights _weights = null!;
    private NormWeights _norm = null!;

    public TransformerBlock(ComputePool pool, Rotary? rotary)
    {
        _pool = pool;
        _matMul = new MatMul(pool);
        _attention = new AttentionRunner(pool);
        _rotary = rotary;
        _vectors = pool.Limit > Isa.Scalar;
        _normalize = Normalize;
        _place = Place;
        _activate = Activate;
        _addAttention = AddAttention;
        _addFeedForward = AddFeedForward;
    }

    /// <summary>
    /// Computes <paramref name="block"/> for the first <paramref name="count"/> columns that <paramref name="active"/>
    /// names, and says of each whether it stayed finite.
    /// </summary>
    public void Forward(BlockWeights weights, int block, Workspace work, Column[] columns, int[] active, int count)
    {
        (_weights, _block, _work, _columns, _active, _count) = (weights, block, work, columns, active, count);
        LayerSpec spec = weights.Spec;

        Norm(weights.AttentionNorm);
        ProjectQkv();
        ForColumns(spec.KeySize * spec.HeadCount, _place);
        work.Input.Begin(count, spec.HeadCount * spec.ValueSize);
        _attention.Run(weights, block, work, columns, active, count);
        Multiply(weights.Output, work.Result, work.Width);
        ForColumns(work.Width, _addAttention);

        Norm(weights.FeedForwardNorm);
        if (weights.Gate is { } gate)
        {
            Multiply(gate, work.Gate, work.InnerWidth);
        }

        Multiply(weights.Up, work.Up, work.InnerWidth);
        work.Input.Begin(count, spec.FeedForwardSize);
        ForColumns(spec.FeedForwardSize * 16, _activate);
        Multiply(weights.Down, work.Result, work.Width);
        ForColumns(work.Width, _addFeedForward);
    }

    /// <summary>The head: the final norm of the first <paramref name="count"/> hidden states, then the logits.</summary>
    public void Head(NormWeights norm, Projection output, Workspace work, int count, float* logits)
    {
        work.Input.Begin(count, work.Width);

        for (int i = 0; i < count; i++)
        {
            norm.Apply(work.Hidden(i), work.Width, work.Input.Column(i), _vectors);
        }

        _matMul.Multiply(output, work.Input, logits, output.Matrix.Rows);
    }

    public void Dispose() => _attention.Dispose();

    private void ForColumns(long cost, RangeAction action) => _pool.For(_count, cost, action);

    private void Norm(NormWeights norm)
    {
        _norm = norm;
        _work.Input.Begin(_count, _work.Width);
        ForColumns(4L * _work.Width, _normalize);
    }

    private void Normalize(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            _norm.Apply(_work.Hidden(_active[i]), _work.Width, _work.Input.Column(i), _vectors);
        }
    }

    // Queries, keys and values of a column lie in a row, whether one matrix gives them or three.
    private void ProjectQkv()
    {
        float* output = _work.Qkv;

        foreach (Projection projection in _weights.Qkv)
        {
            Multiply(projection, output, _work.QkvWidth);
            output += projection.Matrix.Rows;
        }
    }

    // Turns queries and keys by their position, and gives keys and values to the cache before anyone reads them.
    private void Place(int first, int last)
    {
        LayerSpec spec = _weights.Spec;

        for (int i = first; i < last; i++)
        {
            ref Column column = ref _columns[_active[i]];
            float* queries = _work.Qkv + ((long)i * _work.QkvWidth);
            float* keys = queries + (spec.HeadCount * spec.KeySize);
            float* values = keys + (spec.KvHeadCount * spec.KeySize);

            if (_rotary is { } rotary)
            {
                rotary.Turn(_work.Angles(_active[i]), queries, spec.HeadCount, spec.KeySize);
                rotary.Turn(_work.Angles(_active[i]), keys, spec.KvHeadCount, spec.KeySize);
            }

            column.IsFinite = !column.Appends || column.Cache.Write(_block, column.Position, keys, values);
        }
    }

    private void Activate(int first, int last)
    {
        int count = _weights.Spec.FeedForwardSize;

        for (int i = first; i < last; i++)
        {
            float* gate = _work.Gate + ((long)i * _work.InnerWidth);
            float* up = _work.Up + ((long)i * _work.InnerWidth);

            switch (_weights.Spec.FeedForward, _vectors)
            {
                case (FeedForwardKind.SwiGlu, true):
                    SwiGlu.Vector(gate, up, count, _work.Input.Column(i));
                    break;
                case (FeedForwardKind.SwiGlu, false):
                    SwiGlu.Scalar(gate, up, count, _work.Input.Column(i));
                    break;
                case (_, true):
                    Gelu.Vector(up, count, _work.Input.Column(i));
                    break;
                default:
                    Gelu.Scalar(up, count, _work.Input.Column(i));
                    break;
            }
        }
    }

    private void AddAttention(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            Sum.Into(_work.Hidden(_active[i]), _work.Result + ((long)i * _work.Width), _work.Width);
        }
    }

    private void AddFeedForward(int first, int last)
    {
        AddAttention(first, last);

        for (int i = first; i < last; i++)
        {
            _columns[_active[i]].IsFinite &= Finite.All(_work.Hidden(_active[i]), _work.Width);
        }
    }

    private void Multiply(Projection projection, float* output, int stride)
        => _matMul.Multiply(projection, _work.Input, output, stride);
}
