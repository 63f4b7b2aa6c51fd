using Swarm.Inference.Threading;

namespace Swarm.Inference.Kernels;

/// <summary>Columns of inputs for a product: as floats, and as bytes when the weights are quantized.</summary>
internal sealed unsafe class Activations : IDisposable
{
    private readonly NativeBuffer _floats;
    private readonly NativeBuffer _quants;
    private readonly NativeBuffer _scales;
    private readonly NativeBuffer _sums;
    private readonly bool _vectors;

    public Activations(int columns, int widthMax, Isa limit)
    {
        long values = (long)columns * widthMax;
        _floats = NativeBuffer.OfFloats(values);
        _quants = new NativeBuffer(values);
        _scales = NativeBuffer.OfFloats(values / QuantizedBlock.Length);
        _sums = NativeBuffer.OfFloats(values / QuantizedBlock.Length);
        _vectors = limit > Isa.Scalar;
    }

    /// <summary>Inputs of one column; set by whoever fills them.</summary>
    public int Width { get; set; }

    public float* Floats => _floats.Floats;

    public sbyte* Quants => (sbyte*)_quants.Pointer;

    public float* Scales => _scales.Floats;

    public int* Sums => (int*)_sums.Pointer;

    /// <summary>The inputs of one column.</summary>
    public float* Column(int column) => Floats + ((long)column * Width);

    /// <summary>Quantizes one column's floats.</summary>
    public void Quantize(int column)
    {
        int blocks = Width / QuantizedBlock.Length;
        long first = (long)column * blocks;

        for (long block = first; block < first + blocks; block++)
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

    public void Dispose()
    {
        _floats.Dispose();
        _quants.Dispose();
        _scales.Dispose();
        _sums.Dispose();
    }
}
