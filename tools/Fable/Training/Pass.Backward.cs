namespace Swarm.Fable.Training;

/// <content>The way back: the same steps in reverse order, each turning its output's gradient into its inputs'.</content>
public sealed unsafe partial class Pass
{
    /// <summary>Turns the logits into the gradient of the loss, row by row, and adds up the loss.</summary>
    private double Loss()
    {
        int vocabulary = _shape.Vocabulary;
        double loss = 0;
        for (int row = 0; row < Rows; row++)
        {
            float* logits = _logits + ((long)row * vocabulary);
            float target = logits[_targets[row]];
            loss += Layers.Softmax(logits, vocabulary, vocabulary, 1) - target;
            logits[_targets[row]] -= 1;
            Layers.Scale(logits, _weights[row], vocabulary);
        }

        return loss;
    }

    private void Backward(float* parameters, float* gradients)
    {
        int width = _shape.Width;
        new Span<float>(_dx, Rows * width).Clear();
        ProductBack(_logits, _normed, width, _shape.Embedding, _shape.Vocabulary, parameters, gradients, _dnarrow);
        NormsBack(_x, _scales, _shape.FinalNorm, parameters, gradients);
        for (int block = _shape.Blocks - 1; block >= 0; block--)
        {
            BackwardBlock(parameters, gradients, block, _traces[block]);
        }

        for (int row = 0; row < Rows; row++)
        {
            Layers.Add(_dx + ((long)row * width), gradients + _shape.Embedding + ((long)_inputs[row] * width), width);
        }
    }

    private void BackwardBlock(float* parameters, float* gradients, int block, BlockTrace trace)
    {
        int width = _shape.Width;
        int inner = _shape.Inner;
        ProductBack(_dx, trace.Gated, inner, _shape.Down(block), width, parameters, gradients, _dnarrow);
        for (int row = 0; row < Rows; row++)
        {
            float* gate = trace.GateUp + ((long)row * 2 * inner);
            Layers.GateBack(gate, gate + inner, _dnarrow + ((long)row * inner), inner);
        }

        ProductBack(trace.GateUp, trace.InnerNormed, width, _shape.GateUp(block), 2 * inner, parameters, gradients, _dnarrow);
        NormsBack(trace.Middle, trace.InnerScales, _shape.InnerNorm(block), parameters, gradients);

        ProductBack(_dx, trace.Attended, width, _shape.Output(block), width, parameters, gradients, _dnarrow);
        AttendBack(trace);
        RotateAll(_dwide, -1);
        ProductBack(_dwide, trace.Normed, width, _shape.Qkv(block), 3 * width, parameters, gradients, _dnarrow);
        NormsBack(trace.X, trace.Scales, _shape.AttentionNorm(block), parameters, gradients);
    }

    /// <summary>From the gradient of what heads attended to (in _dnarrow) to that of queries, keys and values (in _dwide).</summary>
    private void AttendBack(BlockTrace trace)
    {
        int stride = 3 * _shape.Width;
        int size = _shape.HeadSize;
        int line = Padded(_shape.Context);
        float scale = 1 / MathF.Sqrt(size);
        new Span<float>(_dwide, Rows * stride).Clear();
        foreach (Strip strip in Strips())
        {
            long query = ((long)strip.Row * stride) + (strip.Head * size);
            long key = ((long)strip.Start * stride) + _shape.Width + (strip.Head * size);
            long value = key + _shape.Width;
            var probabilities = new Matrix(Probabilities(trace, strip), line);
            var slopes = new Matrix(_dnarrow + ((long)strip.Row * _shape.Width) + (strip.Head * size), _shape.Width);
            var scores = new Matrix(_dscores, line);

            _gemm.Multiply(strip.Known, size, strip.Rows, probabilities.Transposed, slopes, _dwide + value, stride, true);
            Matrix values = new Matrix(trace.Qkv + value, stride).Transposed;
            _gemm.Multiply(strip.Rows, strip.Known, size, slopes, values, _dscores, line, false);
            for (int row = 0; row < strip.Rows; row++)
            {
                float* start = _dscores + ((long)row * line);
                new Span<float>(start + strip.Known, Padded(strip.Known) - strip.Known).Clear();
                Layers.SoftmaxBack((float*)probabilities.Start + ((long)row * line), start, Padded(strip.Known), scale);
            }

            _gemm.Multiply(strip.Rows, size, strip.Known, scores, new(trace.Qkv + key, stride), _dwide + query, stride, true);
            _gemm.Multiply(
                strip.Known, size, strip.Rows, scores.Transposed, new(trace.Qkv + query, stride), _dwide + key, stride, true);
        }
    }

    /// <summary>Adds the weights' gradient dyᵀ · x, and writes the inputs' gradient dy · weights.</summary>
    private void ProductBack(
        float* dy, float* x, int inputs, int offset, int outputs, float* parameters, float* gradients, float* dx)
    {
        _gemm.Multiply(outputs, inputs, Rows, new Matrix(dy, outputs).Transposed, new(x, inputs), gradients + offset, inputs, true);
        _gemm.Multiply(Rows, inputs, outputs, new(dy, outputs), new(parameters + offset, inputs), dx, inputs, false);
    }

    /// <summary>Adds what a norm passes on of its output's gradient (in _dnarrow) to the residual's (in _dx).</summary>
    private void NormsBack(float* x, float* scales, int gain, float* parameters, float* gradients)
    {
        int width = _shape.Width;
        for (int row = 0; row < Rows; row++)
        {
            long at = (long)row * width;
            Layers.NormBack(x + at, scales[row], parameters + gain, _dnarrow + at, _dx + at, gradients + gain, width);
        }
    }
}
