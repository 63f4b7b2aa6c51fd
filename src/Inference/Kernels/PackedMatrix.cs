using System.Runtime.InteropServices;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Kernels;

/// <summary>
/// A matrix as groups of sixteen rows side by side (see <see cref="WeightFormat"/>): the
/// file's bytes in another order, nothing rounded again. Its kernel is chosen once, here.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    private readonly NativeBuffer _tiles;
    private readonly WeightFormat _format;
    private readonly delegate*<Product*, int, int, void> _kernel;
    private readonly long _groupBytes;

    /// <summary>Makes room for a matrix; <see cref="Fill"/> brings its rows.</summary>
    public PackedMatrix(GgmlType type, int rows, int width, Isa limit)
    {
        Type = type;
        Rows = rows;
        Width = width;
        _format = WeightFormat.Of(type);
        _kernel = _format.Kernel(limit);
        _groupBytes = _format.GroupBytes(width);
        _tiles = new NativeBuffer(_groupBytes * Groups, clear: false);
    }

    /// <summary>How the weights are stored.</summary>
    public GgmlType Type { get; }

    /// <summary>Outputs.</summary>
    public int Rows { get; }

    /// <summary>Inputs: values of one row.</summary>
    public int Width { get; }

    /// <summary>Groups of sixteen rows, the last one filled up with zeros.</summary>
    public int Groups => RowGroup.CountOf(Rows);

    /// <summary>Bytes the weights take: those of the file, and of the rows that fill the last group.</summary>
    public long Bytes => _tiles.Bytes;

    /// <summary>How many activations share a scale when products read them as bytes; 0 when they stay floats.</summary>
    public int UnitLength => _format.UnitLength;

    /// <summary>The packed bytes, for tests of the layout.</summary>
    public ReadOnlySpan<byte> Tiles => new(_tiles.Pointer, checked((int)_tiles.Bytes));

    /// <summary>Packs one group from its rows as the file has them, row after row.</summary>
    /// <returns>Whether every weight is finite.</returns>
    public bool Fill(int group, ReadOnlySpan<byte> rows)
    {
        int count = Math.Min(RowGroup.Rows, Rows - (group * RowGroup.Rows));
        int rowBytes = rows.Length / count;

        fixed (byte* source = rows)
        {
            // Packing sets bits. Here, where several threads fill, a group is still in the cache when its rows come.
            byte* tiles = _tiles.Pointer + (group * _groupBytes);
            NativeMemory.Clear(tiles, (nuint)_groupBytes);
            return _format.PackRows(source, rowBytes, count, tiles, Width);
        }
    }

    /// <summary>One row as floats.</summary>
    public void DecodeRow(int row, Span<float> output)
    {
        fixed (float* target = output[..Width])
        {
            _format.DecodeRow(_tiles.Pointer + (row / RowGroup.Rows * _groupBytes), row % RowGroup.Rows, Width, target);
        }
    }

    /// <summary>Computes the rows of groups first to last - 1 for every column.</summary>
    public void Multiply(Product product, int firstGroup, int lastGroup)
    {
        product.Tiles = _tiles.Pointer;
        product.Type = Type;
        product.Rows = Rows;
        product.Width = Width;
        _kernel(&product, firstGroup, lastGroup);
    }

    public void Dispose() => _tiles.Dispose();
}
