using Swarm.Inference.Threading;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Columns of inputs for products: floats that a caller fills, and the bytes that quantized weights want, made from
/// them once, by the first product that needs them.
/// </summary>
internal sealed unsafe class Activations : IDisposable
{
    private readonly NativeBuffer _floats;
    private readonly QuantizedColumns _blocks;
    private readonly QuantizedColumns _superblocks;
    private bool _hasBlocks;
    private bool _hasSuperblocks;

    public Activations(int columnsMax, int widthMax, Isa limit)
    {
        _floats = NativeBuffer.OfFloats((long)columnsMax * widthMax);
        _blocks = new QuantizedColumns(columnsMax, widthMax, QuantizedBlock.Length, limit);
        _superblocks = new QuantizedColumns(columnsMax, widthMax, QuantizedBlock.LengthMax, limit);
    }

    /// <summary>How many columns there are now.</summary>
    public int Columns { get; private set; }

    /// <summary>Inputs of one column.</summary>
    public int Width { get; private set; }

    public float* Floats => _floats.Floats;

    /// <summary>Announces new floats: the caller fills the columns before the next product reads them.</summary>
    public void Begin(int columns, int width)
    {
        (Columns, Width) = (columns, width);
        _hasBlocks = false;
        _hasSuperblocks = false;
    }

    /// <summary>The inputs of one column.</summary>
    public float* Column(int column) => Floats + ((long)column * Width);

    /// <summary>The columns as bytes with a scale to each <paramref name="unitLength"/>.</summary>
    public byte* Quantized(int unitLength, ComputePool pool)
        => unitLength == QuantizedBlock.Length
            ? Quantized(_blocks, ref _hasBlocks, pool)
            : Quantized(_superblocks, ref _hasSuperblocks, pool);

    public void Dispose()
    {
        _floats.Dispose();
        _blocks.Dispose();
        _superblocks.Dispose();
    }

    private byte* Quantized(QuantizedColumns columns, ref bool made, ComputePool pool)
    {
        if (!made)
        {
            columns.Fill(Floats, Columns, Width, pool);
            made = true;
        }

        return columns.Pointer;
    }
}
