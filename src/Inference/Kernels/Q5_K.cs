using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 5-bit values, scaled as those of Q4_K. A file's superblock has 32 bytes of fifth bits, bit i of byte k that of value
/// 32i + k, between the scales and the bytes of the other four. Sums of 32 products of 31 · 127 would need more bits.
/// </summary>
internal readonly unsafe struct Q5_K : ISuperblockFormat
{
    public static int FrontLines => 0;

    public static int Lines => 5;

    public static int Bias => 0;

    public static bool IsWide => false;

    public static bool IsSplit => true;

    public static int MinimumLength => 32;

    public static int FileBytes => 176;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, Superblock* fields)
    {
        KScales.Read(block, fields);
        uint* fifths = (uint*)(block + 16);
        uint* bytes = (uint*)(block + 48);

        for (int i = 0; i < 32; i++)
        {
            uint* values = fields->Values + (((i / 8 * 16) + (i % 8)) * RowGroup.Rows);
            uint fifth = fifths[i % 8] >> (i / 8 * 2);
            values[0] = (bytes[i] & 0x0F0F_0F0F) | ((fifth & 0x0101_0101) << 4);
            values[8 * RowGroup.Rows] = ((bytes[i] >> 4) & 0x0F0F_0F0F) | (((fifth >> 1) & 0x0101_0101) << 4);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PutScales(byte* packed, int row, Superblock* fields)
    {
        for (int quarter = 0; quarter < 4; quarter++)
        {
            KScales.Put(PackedSuperblocks<Q5_K>.Quarter(packed, quarter), row, quarter, fields);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* lines, int group, Vector512<uint> values)
    {
        Bits.PutFour(lines, group, values);
        Bits.PutOne(lines + (4 * Bits.LineBytes), group, Vector512.ShiftRightLogical(values, 4));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd)
        => Bits.Four(lines, pair, odd) | Bits.Above(Bits.One(lines + (4 * Bits.LineBytes), pair, odd), 4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Scale(byte* packed, int sixteenth)
        => KScales.Scale(PackedSuperblocks<Q5_K>.Quarter(packed, sixteenth >> 2), (sixteenth >> 1) & 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Minimums(byte* packed, int number)
        => KScales.Minimums(PackedSuperblocks<Q5_K>.Quarter(packed, number));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Factor(byte* packed)
        => KScales.Half(PackedSuperblocks<Q5_K>.Quarter(packed, 0), PackedSuperblocks<Q5_K>.Quarter(packed, 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MinimumFactor(byte* packed)
        => KScales.Half(PackedSuperblocks<Q5_K>.Quarter(packed, 2), PackedSuperblocks<Q5_K>.Quarter(packed, 3));
}
