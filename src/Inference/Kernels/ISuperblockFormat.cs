using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// A quantized format whose 256 values share a float scale, and whose 16 or 32 values share a small integer one,
/// perhaps with a minimum. A weight is <c>(value - Bias) · smallScale · scale - smallMinimum · minimum</c>.
/// </summary>
/// <remarks>
/// Sixteen rows' superblock is <see cref="FrontLines"/> cache lines, then four quarters: a line with what the format
/// likes of their scales, the lines of 32 values (see <see cref="Bits"/>), those of the other 32.
/// </remarks>
internal unsafe interface ISuperblockFormat
{
    /// <summary>Cache lines before the first quarter.</summary>
    static abstract int FrontLines { get; }

    /// <summary>Cache lines of 32 values of sixteen rows.</summary>
    static abstract int Lines { get; }

    /// <summary>What is taken from every stored value: nothing, or a power of two.</summary>
    static abstract int Bias { get; }

    /// <summary>Whether sums of sixteen products need more than 16 bits.</summary>
    static abstract bool IsWide { get; }

    /// <summary>
    /// Whether each sixteen values are summed apart: they have a scale of their own, or 32 would need more bits.
    /// </summary>
    static abstract bool IsSplit { get; }

    /// <summary>Values to a minimum: 32, 16, or 0 where there is none.</summary>
    static abstract int MinimumLength { get; }

    /// <summary>Bytes of one superblock in the file.</summary>
    static abstract int FileBytes { get; }

    /// <summary>What a file's superblock says.</summary>
    static abstract void Read(byte* block, Superblock* fields);

    /// <summary>Puts one row's scales and minimums into lines that are zero there.</summary>
    static abstract void PutScales(byte* packed, int row, Superblock* fields);

    /// <summary>Puts sixteen rows' group of four values into lines that are zero there.</summary>
    static abstract void Put(byte* lines, int group, Vector512<uint> values);

    /// <summary>Sixteen rows' group of four values.</summary>
    static abstract Vector512<byte> Sixteen(byte* lines, int pair, int odd);

    /// <summary>Sixteen rows' scale of 16 values, each in both halves of its lane.</summary>
    static abstract Vector512<short> Scale(byte* packed, int sixteenth);

    /// <summary>
    /// Sixteen rows' minimums: those of a quarter's first and second 32 values in the halves of their lanes, or that of
    /// 16 values in both halves.
    /// </summary>
    static abstract Vector512<short> Minimums(byte* packed, int number);

    /// <summary>Sixteen rows' scale of scales.</summary>
    static abstract Vector512<float> Factor(byte* packed);

    /// <summary>Sixteen rows' scale of minimums.</summary>
    static abstract Vector512<float> MinimumFactor(byte* packed);
}
