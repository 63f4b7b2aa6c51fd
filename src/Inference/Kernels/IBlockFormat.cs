using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// A quantized format whose 32 values share a scale, and perhaps a minimum: what its blocks hold, in the file and as
/// the cache lines of sixteen rows (see <see cref="Bits"/>). A weight is <c>(value - Bias) · scale + minimum</c>.
/// </summary>
internal unsafe interface IBlockFormat
{
    /// <summary>Cache lines of the values of sixteen rows.</summary>
    static abstract int Lines { get; }

    /// <summary>What is taken from every stored value: nothing, or a power of two.</summary>
    static abstract int Bias { get; }

    /// <summary>Whether sums of products need more than 16 bits.</summary>
    static abstract bool IsWide { get; }

    /// <summary>Whether a minimum is added.</summary>
    static abstract bool HasMinimum { get; }

    /// <summary>Bytes of one block in the file.</summary>
    static abstract int FileBytes { get; }

    /// <summary>
    /// The scale and the minimum of a file's block in 16 bits each, and its values in eight groups of four bytes, which
    /// go sixteen rows apart.
    /// </summary>
    static abstract void Read(byte* block, ushort* heads, uint* values);

    /// <summary>Puts sixteen rows' group of four values into lines that are zero there.</summary>
    static abstract void Put(byte* lines, int group, Vector512<uint> values);

    /// <summary>Sixteen rows' group of four values.</summary>
    static abstract Vector512<byte> Sixteen(byte* lines, int pair, int odd);

    /// <summary>Whether a scale or a minimum makes finite weights.</summary>
    static abstract bool IsFinite(ushort bits);

    /// <summary>Sixteen scales or minimums, as long as they are finite.</summary>
    static abstract Vector512<float> Heads(byte* heads);
}
