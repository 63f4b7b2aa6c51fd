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

    /// <summary>Units that are unpacked at a time, few enough to stay in the first cache.</summary>
    static abstract int UnitsUnpacked { get; }

    /// <summary>Bytes of one unit of sixteen rows, unpacked.</summary>
    static abstract int UnpackedBytes { get; }

    /// <summary>Groups of sixteen rows that are multiplied together.</summary>
    static abstract int Groups { get; }

    /// <summary>Bytes of sixteen packed rows.</summary>
    static abstract long GroupBytes(int width);

    /// <summary>Unpacks units first to first + count - 1 of a group.</summary>
    static abstract void Unpack(byte* group, int first, int count, byte* target);

    /// <summary>One packed group times one to six columns that stand side by side.</summary>
    static abstract void Packed(byte* group, byte* x, int units, int columns, float* sums);

    /// <summary>One unpacked group, or two that follow each other, times as many columns.</summary>
    static abstract void Unpacked(byte* first, byte* second, byte* x, int units, int columns, float* sums);
}
