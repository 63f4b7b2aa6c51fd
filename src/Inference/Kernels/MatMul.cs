using Swarm.Inference.Threading;

namespace Swarm.Inference.Kernels;

/// <summary>Matrix times columns, its rows split over the pool; no allocation.</summary>
internal sealed unsafe class MatMul
{
    private readonly ComputePool _pool;
    private readonly RangeAction _rows;
    private Projection? _projection;
    private Product _product;

    public MatMul(ComputePool pool)
    {
        _pool = pool;
        _rows = Rows;
    }

    /// <summary>Computes <c>matrix · input + bias</c> for every column.</summary>
    public void Multiply(Projection projection, Activations input, float* output, int outputStride)
    {
        _projection = projection;
        _product = new Product
        {
            Columns = input.Columns,
            Floats = input.Floats,
            Quants = projection.Matrix.UnitLength == 0 ? null : input.Quantized(projection.Matrix.UnitLength, _pool),
            Output = output,
            OutputStride = outputStride,
        };
        _pool.For(projection.Matrix.Groups, (long)projection.Matrix.Width * RowGroup.Rows * input.Columns, _rows);
    }

    private void Rows(int firstGroup, int lastGroup)
    {
        _projection!.Matrix.Multiply(_product, firstGroup, lastGroup);

        if (_projection.Bias is { } bias)
        {
            int first = firstGroup * RowGroup.Rows;
            int count = Math.Min(lastGroup * RowGroup.Rows, _projection.Matrix.Rows) - first;

            for (int column = 0; column < _product.Columns; column++)
            {
                Sum.Into(_product.Output + ((long)column * _product.OutputStride) + first, bias.Floats + first, count);
            }
        }
    }
}
