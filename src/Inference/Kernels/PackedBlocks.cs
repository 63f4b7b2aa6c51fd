using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Blocks of sixteen rows as memory holds them, two by two so that every load is a cache line: 2 × 16 scales of 16
/// bits, 2 × 16 minimums if there are any, the lines of the first blocks, those of the second.
/// </summary>
internal readonly unsafe struct PackedBlocks<TFormat> : IBlockSource
    where TFormat : struct, IBlockFormat
{
    private const int HeadBytes = RowGroup.Rows * sizeof(ushort);

    public static int Bias => TFormat.Bias;

    public static bool HasMinimum => TFormat.HasMinimum;

    public static int LinesAhead => TFormat.Lines + 1;

    private static int HeadLines => TFormat.HasMinimum ? 2 : 1;

    private static int PairBytes => (HeadLines + (2 * TFormat.Lines)) * Bits.LineBytes;

    /// <summary>Bytes of one group of sixteen rows.</summary>
    public static long GroupBytes(int width)
    {
        int blocks = width / QuantizedBlock.Length;
        return ((long)(blocks / 2) * PairBytes) + (blocks % 2 * (HeadLines + TFormat.Lines) * Bits.LineBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (nint Heads, nint Lines) Place(int block)
    {
        nint pair = (nint)(block >> 1) * PairBytes;
        nint odd = block & 1;
        return (pair + (odd * HeadBytes), pair + (HeadLines * Bits.LineBytes) + (odd * TFormat.Lines * Bits.LineBytes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Scale(byte* heads) => TFormat.Heads(heads);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Minimum(byte* heads) => TFormat.Heads(heads + Bits.LineBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => TFormat.Sixteen(lines, pair, odd);

    /// <summary>
    /// Moves a block of <paramref name="count"/> rows of a file to their lanes, which are zero; false when a scale or a
    /// minimum is not finite.
    /// </summary>
    /// <param name="file">The first row's block.</param>
    /// <param name="rowBytes">Bytes from row to row.</param>
    /// <param name="count">Up to sixteen.</param>
    /// <param name="group">Where the packed rows begin.</param>
    /// <param name="block">Which block.</param>
    /// <param name="values">Room for the values of sixteen rows; zero for rows that are not there.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Pack(byte* file, long rowBytes, int count, byte* group, int block, uint* values)
    {
        (nint head, nint lines) = Place(block);
        uint both = 0;
        bool finite = true;

        for (int row = 0; row < count; row++, file += rowBytes)
        {
            ushort* heads = (ushort*)&both;
            TFormat.Read(file, heads, values + row);

            for (int i = 0; i < HeadLines; i++)
            {
                ((ushort*)(group + head + (i * Bits.LineBytes)))[row] = heads[i];
                finite &= TFormat.IsFinite(heads[i]);
            }
        }

        for (int i = 0; i < Bits.Groups; i++)
        {
            TFormat.Put(group + lines, i, Vector512.Load(values + (i * RowGroup.Rows)));
        }

        return finite;
    }
}
