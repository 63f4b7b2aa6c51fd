using Swarm.Inference.Threading;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Columns of inputs for products: floats that a caller fills, and the bytes that quantized weights want, made from
/// them once, by the first product that needs them.
/// </summary>
internal sealed unsafe class Activations : IDisposable
{
    private readonly NativeBuffer _floats;
    private readonly NativeBuffer _quants;
    private readonly NativeBuffer _scales;
    private readonly NativeBuffer _sums;
    private readonly RangeAction _quantize;
    private readonly bool _vectors;
    private bool _isQuantized;

    public Activations(int columnsMax, int widthMax, Isa limit)
    {
        long values = (long)columnsMax * widthMax;
        _floats = NativeBuffer.OfFloats(values);
        _quants = new NativeBuffer(values);
        _scales = NativeBuffer.OfFloats(values / QuantizedBlock.Length);
        _sums = NativeBuffer.OfFloats(values / QuantizedBlock.Length);
        _quantize = Quantize;
        _vectors = limit > Isa.Scalar;
    }

    /// <summary>How many columns there are now.</summary>
    public int Columns { get; private set; }

    /// <summary>Inputs of one column.</summary>
    public int Width { get; private set; }

    public float* Floats => _floats.Floats;

    public sbyte* Quants => (sbyte*)_quants.Pointer;

    public float* Scales => _scales.Floats;

    public int* Sums => (int*)_sums.Pointer;

    /// <summary>Announces new floats: the caller fills the columns before the next product reads them.</summary>
    public void Begin(int columns, int width) => (Columns, Width, _isQuantized) = (columns, width, false);

    /// <summary>The inputs of one column.</summary>
    public float* Column(int column) => Floats + ((long)column * Width);

    /// <summary>Makes the bytes, unless they are made already.</summary>
    public void Quantize(ComputePool pool)
    {
        if (!_isQuantized)
        {
            pool.For(Columns, Width, _quantize);
            _isQuantized = true;
        }
    }

    public void Dispose()
    {
        _floats.Dispose();
        _quants.Dispose();
        _scales.Dispose();
        _sums.Dispose();
    }

    private void Quantize(int first, int last)
    {
        int blocks = Width / QuantizedBlock.Length;

        for (long block = (long)first * blocks; block < (long)last * blocks; block++)
        {
            float* source = Floats + (block * QuantizedBlock.Length);
            sbyte* quants = Quants + (block * QuantizedBlock.Length);

            if (_vectors)
            {
                QuantizedBlock.Vector(source, quants, out Scales[block], out Sums[block]);
            }
            else
            {
                QuantizedBlock.Scalar(source, quants, out Scales[block], out Sums[block]);
            }
        }
    }
}
