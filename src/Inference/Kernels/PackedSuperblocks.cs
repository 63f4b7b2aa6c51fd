using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Superblocks of sixteen rows as memory holds them.</summary>
internal readonly unsafe struct PackedSuperblocks<TFormat> : ISuperblockSource
    where TFormat : struct, ISuperblockFormat
{
    public static int Bytes => (TFormat.FrontLines + (4 * QuarterLines)) * Bits.LineBytes;

    public static int LinesAhead => TFormat.Lines + 1;

    private static int QuarterLines => 1 + (2 * TFormat.Lines);

    /// <summary>A quarter's line of scales.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Quarter(byte* superblock, int quarter)
        => superblock + ((TFormat.FrontLines + (quarter * QuarterLines)) * Bits.LineBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Lines(byte* superblock, int block)
        => Quarter(superblock, block >> 1) + ((1 + ((block & 1) * TFormat.Lines)) * Bits.LineBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => TFormat.Sixteen(lines, pair, odd);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Scale(byte* superblock, int sixteenth) => TFormat.Scale(superblock, sixteenth);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Minimums(byte* superblock, int number) => TFormat.Minimums(superblock, number);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Factor(byte* superblock) => TFormat.Factor(superblock);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MinimumFactor(byte* superblock) => TFormat.MinimumFactor(superblock);

    /// <summary>
    /// Moves a superblock of <paramref name="count"/> rows of a file to their lanes, which are zero; false when a float
    /// scale is not finite.
    /// </summary>
    /// <param name="file">The first row's superblock.</param>
    /// <param name="rowBytes">Bytes from row to row.</param>
    /// <param name="count">Up to sixteen.</param>
    /// <param name="superblock">Where it goes.</param>
    /// <param name="values">Room for the values of sixteen rows; zero for rows that are not there.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Pack(byte* file, long rowBytes, int count, byte* superblock, uint* values)
    {
        Superblock fields = default;
        bool finite = true;

        for (int row = 0; row < count; row++, file += rowBytes)
        {
            fields.Values = values + row;
            TFormat.Read(file, &fields);
            TFormat.PutScales(superblock, row, &fields);
            finite &= Half.IsFinite(BitConverter.UInt16BitsToHalf(fields.Factor))
                && Half.IsFinite(BitConverter.UInt16BitsToHalf(fields.MinimumFactor));
        }

        for (int i = 0; i < 64; i++)
        {
            TFormat.Put(
                Lines(superblock, i / Bits.Groups),
                i % Bits.Groups,
                Vector512.Load(values + (i * RowGroup.Rows)));
        }

        return finite;
    }
}
