namespace Swarm.Inference.Kernels;

/// <summary>One column's values that share a scale, in their panel: how specifications read activations.</summary>
internal readonly unsafe struct QuantizedUnit
{
    private readonly int* _first;
    private readonly int _side;
    private readonly int _length;

    public QuantizedUnit(Product* product, int length, int column, int unit)
    {
        int stretch = unit / (QuantizedColumns.StretchLength / length) * (QuantizedColumns.StretchLength / length);
        int units = Math.Min(QuantizedColumns.StretchLength / length, (product->Width / length) - stretch);
        int panel = column / QuantizedColumns.Side * QuantizedColumns.Side;
        _length = length;
        _side = Math.Min(QuantizedColumns.Side, product->Columns - panel);
        _first = (int*)(product->Quants
            + ((((long)stretch * product->Columns) + ((long)panel * units) + ((unit - stretch) * _side))
                * QuantizedColumns.UnitBytes(length)))
            + (column - panel);
    }

    /// <summary>The scale of the values.</summary>
    public float Scale => *(float*)(_first + (_side * (_length == QuantizedBlock.Length ? 8 : 84)));

    /// <summary>Value <paramref name="k"/>.</summary>
    public int Value(int k)
    {
        int block = k / QuantizedBlock.Length * 10;
        return ((sbyte*)(_first + (_side * (block + (k % QuantizedBlock.Length / 4)))))[k % 4];
    }
}
