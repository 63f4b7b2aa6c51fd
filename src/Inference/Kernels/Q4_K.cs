using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 4-bit values with a 6-bit scale and a 6-bit minimum to each 32 (<see cref="KScales"/>). A file's superblock has two
/// halves, twelve bytes of scales, then 128 bytes: of each 32, the low halves are 32 values and the high ones the next.
/// </summary>
internal readonly unsafe struct Q4_K : ISuperblockFormat
{
    public static int FrontLines => 0;

    public static int Lines => 4;

    public static int Bias => 0;

    public static bool IsWide => false;

    public static bool IsSplit => false;

    public static int MinimumLength => 32;

    public static int FileBytes => 144;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, Superblock* fields)
    {
        KScales.Read(block, fields);
        uint* bytes = (uint*)(block + 16);

        for (int i = 0; i < 32; i++)
        {
            uint* values = fields->Values + (((i / 8 * 16) + (i % 8)) * RowGroup.Rows);
            values[0] = bytes[i] & 0x0F0F_0F0F;
            values[8 * RowGroup.Rows] = (bytes[i] >> 4) & 0x0F0F_0F0F;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PutScales(byte* packed, int row, Superblock* fields)
    {
        for (int quarter = 0; quarter < 4; quarter++)
        {
            KScales.Put(PackedSuperblocks<Q4_K>.Quarter(packed, quarter), row, quarter, fields);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* lines, int group, Vector512<uint> values) => Bits.PutFour(lines, group, values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => Bits.Four(lines, pair, odd);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Scale(byte* packed, int sixteenth)
        => KScales.Scale(PackedSuperblocks<Q4_K>.Quarter(packed, sixteenth >> 2), (sixteenth >> 1) & 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Minimums(byte* packed, int number)
        => KScales.Minimums(PackedSuperblocks<Q4_K>.Quarter(packed, number));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Factor(byte* packed)
        => KScales.Half(PackedSuperblocks<Q4_K>.Quarter(packed, 0), PackedSuperblocks<Q4_K>.Quarter(packed, 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MinimumFactor(byte* packed)
        => KScales.Half(PackedSuperblocks<Q4_K>.Quarter(packed, 2), PackedSuperblocks<Q4_K>.Quarter(packed, 3));
}
