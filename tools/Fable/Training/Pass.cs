namespace Swarm.Fable.Training;

/// <summary>
/// One pass over a few sequences, forward and backward, with all that the way back needs to remember.
/// The rows of all sequences lie one after another; only attention knows where a sequence starts. Belongs to one thread.
/// </summary>
public sealed unsafe partial class Pass
{
    // Attention is computed in strips of rows, so that most of what the causal mask hides is never computed.
    private const int StripRows = 128;

    private readonly NetworkShape _shape;
    private readonly Gemm _gemm = new();
    private readonly int _rowsMax;
    private readonly BlockTrace[] _traces;
    private readonly float* _cosines;
    private readonly float* _sines;
    private readonly float* _x;
    private readonly float* _normed;
    private readonly float* _scales;
    private readonly float* _logits;
    private readonly float* _dx;
    private readonly float* _dwide;
    private readonly float* _dnarrow;
    private readonly float* _dscores;
    private int[] _starts = [];
    private int[] _inputs = [];
    private int[] _targets = [];
    private float[] _weights = [];

    /// <summary>What one block leaves behind for the way back.</summary>
    private sealed class BlockTrace(NetworkShape shape, int rows)
    {
        public readonly float* X = Buffers.Allocate((long)rows * shape.Width);
        public readonly float* Normed = Buffers.Allocate((long)rows * shape.Width);
        public readonly float* Scales = Buffers.Allocate(rows);
        public readonly float* Qkv = Buffers.Allocate((long)rows * 3 * shape.Width);
        public readonly float* Attended = Buffers.Allocate((long)rows * shape.Width);
        public readonly float* Middle = Buffers.Allocate((long)rows * shape.Width);
        public readonly float* InnerNormed = Buffers.Allocate((long)rows * shape.Width);
        public readonly float* InnerScales = Buffers.Allocate(rows);
        public readonly float* GateUp = Buffers.Allocate((long)rows * 2 * shape.Inner);
        public readonly float* Gated = Buffers.Allocate((long)rows * shape.Inner);
        public readonly float* Probabilities = Buffers.Allocate((long)rows * shape.Heads * Padded(shape.Context));
    }

    /// <summary>Room for so many rows in one pass.</summary>
    public Pass(NetworkShape shape, int rowsMax)
    {
        _shape = shape;
        _rowsMax = rowsMax;
        _traces = [.. Enumerable.Range(0, shape.Blocks).Select(_ => new BlockTrace(shape, rowsMax))];
        int half = shape.HeadSize / 2;
        _cosines = Buffers.Allocate((long)shape.Context * half);
        _sines = Buffers.Allocate((long)shape.Context * half);
        for (int position = 0; position < shape.Context; position++)
        {
            for (int pair = 0; pair < half; pair++)
            {
                double angle = position * Math.Pow(NetworkShape.RopeBase, -2.0 * pair / shape.HeadSize);
                _cosines[(position * half) + pair] = (float)Math.Cos(angle);
                _sines[(position * half) + pair] = (float)Math.Sin(angle);
            }
        }

        long wide = Math.Max(3 * shape.Width, 2 * shape.Inner);
        _x = Buffers.Allocate((long)rowsMax * shape.Width);
        _normed = Buffers.Allocate((long)rowsMax * shape.Width);
        _scales = Buffers.Allocate(rowsMax);
        _logits = Buffers.Allocate((long)rowsMax * shape.Vocabulary);
        _dx = Buffers.Allocate((long)rowsMax * shape.Width);
        _dwide = Buffers.Allocate(rowsMax * wide);
        _dnarrow = Buffers.Allocate((long)rowsMax * Math.Max(shape.Width, shape.Inner));
        _dscores = Buffers.Allocate((long)StripRows * Padded(shape.Context));
    }

    private int Rows => _inputs.Length;

    /// <summary>
    /// The summed loss, in nats, of predicting each token of each sequence from those before it. With gradients given,
    /// adds those of the sum of losses times <paramref name="weights"/>, one for each predicted token (1 if there are none).
    /// </summary>
    public double Run(float* parameters, IReadOnlyList<int[]> sequences, float* gradients = null, float[]? weights = null)
    {
        _inputs = [.. sequences.SelectMany(ids => ids[..^1])];
        _targets = [.. sequences.SelectMany(ids => ids[1..])];
        _starts = [.. sequences.Select((_, i) => sequences.Take(i).Sum(ids => ids.Length - 1)), _inputs.Length];
        _weights = weights ?? [.. Enumerable.Repeat(1f, Rows)];
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Rows, _rowsMax);
        ArgumentOutOfRangeException.ThrowIfNotEqual(_weights.Length, Rows);
        Forward(parameters);
        double loss = Loss();
        if (gradients is not null)
        {
            Backward(parameters, gradients);
        }

        return loss;
    }

    /// <summary>The logits of the last row of the sequence: what comes next.</summary>
    public ReadOnlySpan<float> Next(float* parameters, int[] ids)
    {
        _inputs = ids;
        _targets = ids;
        _starts = [0, ids.Length];
        Forward(parameters);
        return new ReadOnlySpan<float>(_logits + ((long)(Rows - 1) * _shape.Vocabulary), _shape.Vocabulary);
    }

    private static int Padded(int count) => (count + 15) & ~15;

    private void Forward(float* parameters)
    {
        int width = _shape.Width;
        for (int row = 0; row < Rows; row++)
        {
            float* embedding = parameters + _shape.Embedding + ((long)_inputs[row] * width);
            new ReadOnlySpan<float>(embedding, width).CopyTo(new Span<float>(_x + ((long)row * width), width));
        }

        for (int block = 0; block < _shape.Blocks; block++)
        {
            ForwardBlock(parameters, block, _traces[block]);
        }

        Norms(_x, parameters + _shape.FinalNorm, _normed, _scales);
        Product(_normed, width, parameters + _shape.Embedding, _shape.Vocabulary, _logits, keep: false);
    }

    private void ForwardBlock(float* parameters, int block, BlockTrace trace)
    {
        int width = _shape.Width;
        int inner = _shape.Inner;
        long size = (long)Rows * width;
        Buffer.MemoryCopy(_x, trace.X, size * 4, size * 4);
        Norms(_x, parameters + _shape.AttentionNorm(block), trace.Normed, trace.Scales);
        Product(trace.Normed, width, parameters + _shape.Qkv(block), 3 * width, trace.Qkv, keep: false);
        RotateAll(trace.Qkv, 1);
        Attend(trace);
        Product(trace.Attended, width, parameters + _shape.Output(block), width, _x, keep: true);

        Buffer.MemoryCopy(_x, trace.Middle, size * 4, size * 4);
        Norms(_x, parameters + _shape.InnerNorm(block), trace.InnerNormed, trace.InnerScales);
        Product(trace.InnerNormed, width, parameters + _shape.GateUp(block), 2 * inner, trace.GateUp, keep: false);
        for (int row = 0; row < Rows; row++)
        {
            float* gate = trace.GateUp + ((long)row * 2 * inner);
            Layers.Gate(gate, gate + inner, trace.Gated + ((long)row * inner), inner);
        }

        Product(trace.Gated, inner, parameters + _shape.Down(block), width, _x, keep: true);
    }

    private void Attend(BlockTrace trace)
    {
        int stride = 3 * _shape.Width;
        int size = _shape.HeadSize;
        float scale = 1 / MathF.Sqrt(size);
        foreach (Strip strip in Strips())
        {
            float* queries = trace.Qkv + ((long)strip.Row * stride) + (strip.Head * size);
            float* keys = trace.Qkv + ((long)strip.Start * stride) + _shape.Width + (strip.Head * size);
            float* values = keys + _shape.Width;
            float* scores = Probabilities(trace, strip);
            int line = Padded(_shape.Context);
            _gemm.Multiply(strip.Rows, strip.Known, size, new(queries, stride), new Matrix(keys, stride).Transposed, scores, line, false);
            for (int row = 0; row < strip.Rows; row++)
            {
                int known = strip.Row - strip.Start + row + 1;
                Layers.Softmax(scores + ((long)row * line), known, Padded(strip.Known), scale);
            }

            float* output = trace.Attended + ((long)strip.Row * _shape.Width) + (strip.Head * size);
            _gemm.Multiply(strip.Rows, size, strip.Known, new(scores, line), new(values, stride), output, _shape.Width, false);
        }
    }

    /// <summary>Rows of one sequence for one head, and how many positions the last of them sees.</summary>
    private readonly record struct Strip(int Head, int Start, int Row, int Rows, int Known);

    private IEnumerable<Strip> Strips()
    {
        for (int sequence = 0; sequence + 1 < _starts.Length; sequence++)
        {
            int start = _starts[sequence];
            for (int head = 0; head < _shape.Heads; head++)
            {
                for (int row = start; row < _starts[sequence + 1]; row += StripRows)
                {
                    int rows = Math.Min(StripRows, _starts[sequence + 1] - row);
                    yield return new Strip(head, start, row, rows, row - start + rows);
                }
            }
        }
    }

    private float* Probabilities(BlockTrace trace, Strip strip)
        => trace.Probabilities + ((((long)strip.Head * _rowsMax) + strip.Row) * Padded(_shape.Context));

    private void Norms(float* x, float* gain, float* y, float* scales)
    {
        int width = _shape.Width;
        for (int row = 0; row < Rows; row++)
        {
            scales[row] = Layers.Norm(x + ((long)row * width), gain, y + ((long)row * width), width);
        }
    }

    private void RotateAll(float* qkv, float direction)
    {
        int half = _shape.HeadSize / 2;
        for (int sequence = 0; sequence + 1 < _starts.Length; sequence++)
        {
            for (int row = _starts[sequence]; row < _starts[sequence + 1]; row++)
            {
                int angle = (row - _starts[sequence]) * half;
                float* start = qkv + ((long)row * 3 * _shape.Width);
                Layers.Rotate(start, _cosines + angle, _sines + angle, 2 * _shape.Heads, _shape.HeadSize, direction);
            }
        }
    }

    /// <summary>y (+)= x · weightsᵀ for all rows; the weights have a row for each output.</summary>
    private void Product(float* x, int inputs, float* weights, int outputs, float* y, bool keep)
        => _gemm.Multiply(Rows, outputs, inputs, new(x, inputs), new Matrix(weights, inputs).Transposed, y, outputs, keep);
}
