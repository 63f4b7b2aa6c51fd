namespace Swarm.Inference.Kernels;

/// <summary>
/// A quantized format with 32 values to a block and one half scale, packed as sixteen rows side by side: how many bytes
/// the sixteen blocks have beside their scales, and what a value is.
/// </summary>
internal unsafe interface IBlockFormat
{
    /// <summary>Bytes of the values of sixteen rows' blocks, without the scales.</summary>
    static abstract int LineBytes { get; }

    /// <summary>Bytes of the values in one block of the file.</summary>
    static abstract int FileBytes { get; }

    /// <summary>Moves one row's block, as the file has it after its scale, to its lanes.</summary>
    static abstract void Pack(byte* block, byte* lines, int row);

    /// <summary>Value <paramref name="k"/> of <paramref name="row"/>, not yet scaled; the specification.</summary>
    static abstract int Value(byte* lines, int row, int k);
}
