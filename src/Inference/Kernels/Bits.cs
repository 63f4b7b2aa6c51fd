using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Values of 32 inputs in cache lines of sixteen rows: lane r of a line is row r's. Inputs come in eight groups of
/// four, two to a pair. Whole bytes take a line to a group; four bits a line to a pair, its first group below; two bits
/// a line to the first groups of all pairs and one to the second; one bit a line to everything.
/// </summary>
internal static unsafe class Bits
{
    public const int Groups = 8;
    public const int LineBytes = 64;

    /// <summary>
    /// The values of sixteen bytes of a file, a row's width apart: value k in the low half of byte k, value 16 + k in
    /// the high half.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadFour(byte* source, uint* values)
    {
        for (int i = 0; i < 4; i++)
        {
            uint both = ((uint*)source)[i];
            values[i * RowGroup.Rows] = both & 0x0F0F_0F0F;
            values[(i + 4) * RowGroup.Rows] = (both >> 4) & 0x0F0F_0F0F;
        }
    }

    /// <summary>Gives each of 32 values its fifth bit: that of value k is bit k of four bytes of a file.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ReadFifth(byte* source, uint* values)
    {
        uint fifths = *(uint*)source;

        for (int i = 0; i < Groups; i++)
        {
            // The products put bit j of four into byte j.
            values[i * RowGroup.Rows] |= ((((fifths >> (4 * i)) & 15) * 0x0020_4081) & 0x0101_0101) << 4;
        }
    }

    /// <summary>The low bits of sixteen rows' group of four values, into the four lines of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PutFour(byte* lines, int group, Vector512<uint> values)
        => Add(lines, group / 2, values & Vector512.Create(0x0F0F_0F0Fu), group % 2 * 4);

    /// <summary>Two bits of each, into the two lines of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PutTwo(byte* lines, int group, Vector512<uint> values)
        => Add(lines, group % 2, values & Vector512.Create(0x0303_0303u), group / 2 * 2);

    /// <summary>One bit of each, into the line of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PutOne(byte* line, int group, Vector512<uint> values)
        => Add(line, 0, values & Vector512.Create(0x0101_0101u), (group / 2) + (group % 2 * 4));

    /// <summary>Whole bytes, into the eight lines of a block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PutEight(byte* lines, int group, Vector512<uint> values)
        => values.Store((uint*)(lines + (group * LineBytes)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Four(byte* lines, int pair, int odd)
        => Shift(lines + (pair * LineBytes), odd * 4) & Vector512.Create((byte)0x0F);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Two(byte* lines, int pair, int odd)
        => Shift(lines + (odd * LineBytes), pair * 2) & Vector512.Create((byte)0x03);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> One(byte* line, int pair, int odd)
        => Shift(line, pair + (odd * 4)) & Vector512.Create((byte)0x01);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Eight(byte* lines, int pair, int odd)
        => Vector512.Load(lines + (((pair * 2) + odd) * LineBytes));

    /// <summary>What <see cref="Two"/> or <see cref="One"/> gave, as the bits above.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Above(Vector512<byte> values, int bits)
        => Vector512.ShiftLeft(values.AsUInt16(), bits).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Shift(byte* line, int bits)
        => Vector512.ShiftRightLogical(Vector512.Load(line).AsUInt16(), bits).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(byte* lines, int line, Vector512<uint> values, int shift)
    {
        uint* target = (uint*)(lines + (line * LineBytes));
        (Vector512.Load(target) | Vector512.ShiftLeft(values, shift)).Store(target);
    }
}
