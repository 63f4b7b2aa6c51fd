using System.Numerics;
using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>Takes a batch of slices through a span, some columns at a time; the cut changes no result.</summary>
internal sealed unsafe class BatchRunner : IDisposable
{
    // Enough columns that arithmetic, not reading weights, is the limit; few enough for the caches. Kernels take six.
    private const int ColumnsMax = 258;

    private readonly ModelConfig _config;
    private readonly BlockRange _blocks;
    private readonly SpanWeights _weights;
    private readonly TransformerBlock _transformer;
    private readonly Isa _limit;
    private readonly ComputePool _pool;
    private readonly RangeAction _embed;
    private readonly RangeAction _makeTokenInputs;
    private Workspace _work;
    private Column[] _columns = [];
    private int[] _active = [];
    private StepSlice[] _batch = [];
    private int _count;

    public BatchRunner(ModelConfig config, BlockRange blocks, SpanWeights weights, ComputePool pool)
    {
        _config = config;
        _blocks = blocks;
        _weights = weights;
        _pool = pool;
        _limit = pool.Limit;
        _transformer = new TransformerBlock(pool, blocks.First);
        _embed = Enter;
        _makeTokenInputs = MakeTokenInputs;
        _work = NewWorkspace(1);
    }

    /// <summary>Computes every slice; those that fail get their fault and drop out.</summary>
    public void Run(ReadOnlySpan<StepSlice> batch)
    {
        if (_batch.Length < batch.Length)
        {
            _batch = new StepSlice[batch.Length];
        }

        batch.CopyTo(_batch);
        MakeRoom(RowsOf(batch));
        _count = 0;

        for (int slice = 0; slice < batch.Length; slice++)
        {
            int rows = batch[slice].Rows.Length / _config.Width;

            for (int row = 0; row < rows; row++)
            {
                if (_count == _work.Columns)
                {
                    Flush();
                }

                Add(slice, row);
            }
        }

        Flush();
        Array.Clear(_batch);
        Array.Clear(_columns);
    }

    /// <summary>The logits of several hidden states, and of each whether all its logits are finite.</summary>
    public void Logits(ReadOnlySpan<float> rows, Span<float> logits, Span<bool> finite)
    {
        int vocabulary = _config.VocabularySize;
        MakeRoom(finite.Length);

        fixed (float* output = logits)
        {
            for (int first = 0; first < finite.Length; first += _work.Columns)
            {
                int count = Math.Min(_work.Columns, finite.Length - first);
                rows.Slice(first * _work.Width, count * _work.Width)
                    .CopyTo(new Span<float>(_work.Hidden(0), count * _work.Width));
                float* results = output + ((long)first * vocabulary);
                _transformer.Head(_config, _weights, _work, count, results);

                for (int row = 0; row < count; row++)
                {
                    finite[first + row] = Finite.All(results + ((long)row * vocabulary), vocabulary);
                }
            }
        }
    }

    public void Dispose()
    {
        _work.Dispose();
        _transformer.Dispose();
    }

    private long RowsOf(ReadOnlySpan<StepSlice> batch)
    {
        long rows = 0;

        foreach (StepSlice slice in batch)
        {
            rows += slice.Rows.Length / _config.Width;
        }

        return rows;
    }

    private void MakeRoom(long rows)
    {
        int columns = (int)Math.Min(rows, ColumnsMax);

        if (columns > _work.Columns)
        {
            _work.Dispose();
            _work = NewWorkspace(Math.Min((int)BitOperations.RoundUpToPowerOf2((uint)columns), ColumnsMax));
        }
    }

    private Workspace NewWorkspace(int columns)
    {
        _columns = new Column[columns];
        _active = new int[columns];
        LayerSpec[] layers = [.. _weights.Blocks.Select(block => block.Spec)];
        return new Workspace(_config, layers, columns, _weights.Rotary.Length, _limit);
    }

    private void Add(int slice, int row)
    {
        StepSlice step = _batch[slice];
        int position = step.Position + row;
        _columns[_count++] = new Column
        {
            Slice = slice,
            Row = row,
            Position = position,
            Cache = step.Cache,
            Appends = position >= step.Cache.Length,
            IsFinite = true,
        };
    }

    private void Flush()
    {
        _work.Input.Begin(_count, _work.Width);
        _pool.For(_count, 20L * _work.Width, _embed);

        if (_weights.TokenInputs is { } inputs)
        {
            _transformer.Multiply(inputs.Projection, _work, _work.TokenInputs(0), _work.TokenInputsWidth);
            _pool.For(_count, 20L * _work.TokenInputsWidth, _makeTokenInputs);
        }

        for (int block = _blocks.First; block < _blocks.Last; block++)
        {
            int active = 0;

            for (int column = 0; column < _count; column++)
            {
                StepSlice slice = _batch[_columns[column].Slice];

                if (slice.Blocks.Contains(block) && slice.Fault is null)
                {
                    _active[active++] = column;
                }
            }

            if (active > 0)
            {
                _transformer.Forward(_weights.Blocks[block - _blocks.First], block, _work, _columns, _active, active);
                FindFaults(block, active);
            }
        }

        Leave();
        _count = 0;
    }

    // A column's hidden state comes from its token, or from the blocks before; its angles from its position.
    private void Enter(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            ref Column column = ref _columns[i];
            StepSlice slice = _batch[column.Slice];
            var hidden = new Span<float>(_work.Hidden(i), _work.Width);

            if (_weights.TokenInputs is not null)
            {
                Embed(slice.Tokens.Span[column.Row], _work.Input.Column(i));
            }

            if (slice.Blocks.First == 0)
            {
                Embed(slice.Tokens.Span[column.Row], _work.Hidden(i));
                AddPosition(column.Position, i);
            }
            else
            {
                slice.Rows.Span.Slice(column.Row * _work.Width, _work.Width).CopyTo(hidden);
            }

            _weights.Rotary.Fill(column.Position, column.Cache.Capacity, _work.Angles(i));
        }
    }

    private void Embed(int token, float* output)
    {
        _weights.TokenEmbedding!.DecodeRow(token, new Span<float>(output, _work.Width));

        if (_config.EmbeddingScale != 1)
        {
            Scale.Row(output, _config.EmbeddingScale, _work.Width);
        }
    }

    private void MakeTokenInputs(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            int token = _batch[_columns[i].Slice].Tokens.Span[_columns[i].Row];
            TokenInputPart.Make(
                _weights.TokenInputs!, token, _work.TokenInputs(i), _work.Width, _limit > Isa.Scalar);
        }
    }

    private void AddPosition(int position, int column)
    {
        if (_weights.PositionEmbedding is { } embedding)
        {
            // The input of the first product is not in use yet.
            float* row = _work.Input.Column(column);
            embedding.DecodeRow(position, new Span<float>(row, _work.Width));
            Sum.Into(_work.Hidden(column), row, _work.Width);
        }
    }

    private void FindFaults(int block, int active)
    {
        for (int i = 0; i < active; i++)
        {
            Column column = _columns[_active[i]];

            if (!column.IsFinite)
            {
                _batch[column.Slice].Fault ??= new NotFiniteException(block, column.Position);
            }
        }
    }

    private void Leave()
    {
        for (int i = 0; i < _count; i++)
        {
            Column column = _columns[i];
            StepSlice slice = _batch[column.Slice];

            if (slice.Fault is null)
            {
                new Span<float>(_work.Hidden(i), _work.Width)
                    .CopyTo(slice.Rows.Span.Slice(column.Row * _work.Width, _work.Width));
                column.Cache.Advance(column.Position + 1);
            }
        }
    }
}
