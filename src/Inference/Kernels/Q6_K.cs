using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 6-bit values less 32 with a signed byte as scale to each 16. A file's superblock has 128 bytes of low halves, 64 of
/// the two bits above, sixteen scales, and a half. Packed, the front line has the halves.
/// </summary>
internal readonly unsafe struct Q6_K : ISuperblockFormat
{
    public static int FrontLines => 1;

    public static int Lines => 6;

    public static int Bias => 32;

    public static bool IsWide => false;

    public static bool IsSplit => true;

    public static int MinimumLength => 0;

    public static int FileBytes => 210;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, Superblock* fields)
    {
        uint* lower = (uint*)block;
        uint* upper = (uint*)(block + 128);
        fields->Factor = *(ushort*)(block + 208);

        for (int i = 0; i < 16; i++)
        {
            fields->Scales[i] = (sbyte)block[192 + i];
        }

        // Two halves of 128 values; in each, four times 32 share the bytes of the upper bits.
        for (int i = 0; i < 16; i++)
        {
            uint* values = fields->Values + (((i / 8 * 32) + (i % 8)) * RowGroup.Rows);
            uint* low = lower + (i / 8 * 16) + (i % 8);
            values[0] = (low[0] & 0x0F0F_0F0F) | ((upper[i] & 0x0303_0303) << 4);
            values[8 * RowGroup.Rows] = (low[8] & 0x0F0F_0F0F) | (((upper[i] >> 2) & 0x0303_0303) << 4);
            values[16 * RowGroup.Rows] = ((low[0] >> 4) & 0x0F0F_0F0F) | (upper[i] & 0x3030_3030);
            values[24 * RowGroup.Rows] = ((low[8] >> 4) & 0x0F0F_0F0F) | ((upper[i] >> 2) & 0x3030_3030);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PutScales(byte* packed, int row, Superblock* fields)
    {
        ((ushort*)packed)[row] = fields->Factor;

        for (int i = 0; i < 16; i++)
        {
            PackedSuperblocks<Q6_K>.Quarter(packed, i / 4)[(4 * row) + (i % 4)] = (byte)fields->Scales[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* lines, int group, Vector512<uint> values)
    {
        Bits.PutFour(lines, group, values);
        Bits.PutTwo(lines + (4 * Bits.LineBytes), group, Vector512.ShiftRightLogical(values, 4));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd)
        => Bits.Four(lines, pair, odd) | Bits.Above(Bits.Two(lines + (4 * Bits.LineBytes), pair, odd), 4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Scale(byte* packed, int sixteenth)
        => SignedScales.Of(PackedSuperblocks<Q6_K>.Quarter(packed, sixteenth >> 2), sixteenth & 3);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Minimums(byte* packed, int number) => Vector512<short>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Factor(byte* packed) => HalfLanes.LoadScales(HalfLanes.Widen(packed));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MinimumFactor(byte* packed) => Vector512<float>.Zero;
}
