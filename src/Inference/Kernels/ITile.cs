namespace Swarm.Inference.Kernels;

/// <summary>
/// What a product of tiles computes with: a few rows times a few columns of a stretch of units, a unit being the values
/// that share a scale of the activations. Results are added to sums: group by group of sixteen rows, column by column.
/// </summary>
internal unsafe interface ITile
{
    /// <summary>Values of a unit.</summary>
    static abstract int UnitLength { get; }

    /// <summary>Up to how many columns unpacking costs more than it saves.</summary>
    static abstract int ColumnsPacked { get; }

    /// <summary>Bytes of one unit of sixteen rows, unpacked.</summary>
    static abstract int UnpackedBytes { get; }

    /// <summary>Groups of sixteen rows that are multiplied together.</summary>
    static abstract int Groups { get; }

    /// <summary>Bytes of sixteen packed rows; of the first units of wider ones too, where a stretch ends.</summary>
    static abstract long GroupBytes(int width);

    /// <summary>Unpacks the first units.</summary>
    static abstract void Unpack(byte* group, int units, byte* target);

    /// <summary>One packed group times one to six columns that stand side by side.</summary>
    static abstract void Packed(byte* group, byte* x, int units, int columns, float* sums);

    /// <summary>One unpacked group, or two that follow each other, times as many columns.</summary>
    static abstract void Unpacked(byte* first, byte* second, byte* x, int units, int columns, float* sums);
}
