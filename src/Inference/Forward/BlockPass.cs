using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// The columns on their way through one block, and the steps that every part of a block is made of. Columns are
/// independent: each step is split over the pool by columns, heads or rows, and none of them sees its neighbours.
/// </summary>
internal sealed unsafe class BlockPass
{
    private readonly MatMul _matMul;
    private readonly RangeAction _normalize;
    private readonly RangeAction _add;
    private NormWeights? _norm;

    public BlockPass(ComputePool pool, int firstBlock)
    {
        Pool = pool;
        FirstBlock = firstBlock;
        Vectors = pool.Limit > Isa.Scalar;
        _matMul = new MatMul(pool);
        _normalize = Normalize;
        _add = Add;
    }

    public ComputePool Pool { get; }

    /// <summary>The first block of the span.</summary>
    public int FirstBlock { get; }

    /// <summary>Whether kernels may use vectors.</summary>
    public bool Vectors { get; }

    public BlockWeights Weights { get; private set; } = null!;

    public LayerSpec Spec => Weights.Spec;

    public Workspace Work { get; private set; } = null!;

    /// <summary>All columns of the batch.</summary>
    public Column[] Columns { get; private set; } = [];

    /// <summary>Which of them take part.</summary>
    public int[] Active { get; private set; } = [];

    /// <summary>How many do.</summary>
    public int Count { get; private set; }

    /// <summary>The block's index in the model.</summary>
    public int Block { get; private set; }

    public void Begin(BlockWeights weights, int block, Workspace work, Column[] columns, int[] active, int count)
    {
        (Weights, Block, Work, Columns, Active, Count) = (weights, block, work, columns, active, count);

        for (int i = 0; i < count; i++)
        {
            columns[active[i]].IsFinite = true;
        }
    }

    /// <summary>The i-th column that takes part.</summary>
    public ref Column At(int i) => ref Columns[Active[i]];

    /// <summary>Its hidden state.</summary>
    public float* Hidden(int i) => Work.Hidden(Active[i]);

    /// <summary>What the current part of the block gives for it.</summary>
    public float* Result(int i) => Work.Result + ((long)i * Work.Width);

    public void ForEach(long cost, RangeAction action) => Pool.For(Count, cost, action);

    /// <summary>Hidden states, brought to unit size, become the input of products.</summary>
    public void Normalize(NormWeights norm)
    {
        _norm = norm;
        Work.Input.Begin(Count, Work.Width);
        ForEach(4L * Work.Width, _normalize);
    }

    /// <summary>Multiplies the input that lies ready.</summary>
    public void Multiply(Projection projection, float* output, int stride)
        => Multiply(projection, Work.Input, output, stride);

    /// <summary>Multiplies another input that lies ready.</summary>
    public void Multiply(Projection projection, Activations input, float* output, int stride)
        => _matMul.Multiply(projection, input, output, stride);

    /// <summary>Turns heads of the i-th column that follow each other, a key's size apart, by its position.</summary>
    public void Turn(int i, float* heads, int count)
        => Weights.Rotary?.Turn(Work.Angles(Active[i]) + Weights.RotaryOffset, heads, count, Spec.KeySize);

    /// <summary>Adds the results to the hidden states, brought to unit size first where there is a norm.</summary>
    public void AddResults(NormWeights? norm)
    {
        _norm = norm;
        ForEach(4L * Work.Width, _add);
    }

    private void Normalize(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            _norm!.Apply(Hidden(i), Work.Width, Work.Input.Column(i), Vectors);
        }
    }

    private void Add(int first, int last)
    {
        float scale = Spec.ResidualScale;

        for (int i = first; i < last; i++)
        {
            _norm?.Apply(Result(i), Work.Width, Result(i), Vectors);

            if (scale == 1)
            {
                Sum.Into(Hidden(i), Result(i), Work.Width);
            }
            else
            {
                Sum.Scaled(Hidden(i), Result(i), scale, Work.Width);
            }
        }
    }
}
