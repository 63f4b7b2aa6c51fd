using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 3-bit values less 4 with a 6-bit scale less 32 to each 16. A file's superblock has 32 bytes of third bits, 64 of the
/// lower two, twelve of scales, and a half. Packed, a quarter's line has in each row's lane four scales and, in the
/// first two quarters, a byte of the half.
/// </summary>
internal readonly unsafe struct Q3_K : ISuperblockFormat
{
    public static int FrontLines => 0;

    public static int Lines => 3;

    public static int Bias => 4;

    public static bool IsWide => false;

    public static bool IsSplit => true;

    public static int MinimumLength => 0;

    public static int FileBytes => 110;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, Superblock* fields)
    {
        uint* thirds = (uint*)block;
        uint* lower = (uint*)(block + 32);
        byte* scales = block + 96;
        fields->Factor = *(ushort*)(block + 108);

        for (int i = 0; i < 16; i++)
        {
            int low = (scales[i % 8] >> (i / 8 * 4)) & 15;
            int high = (scales[8 + (i % 4)] >> (i / 4 * 2)) & 3;
            fields->Scales[i] = (sbyte)((low | (high << 4)) - 32);
        }

        for (int i = 0; i < 64; i++)
        {
            uint two = (lower[(i / 32 * 8) + (i % 8)] >> (i / 8 % 4 * 2)) & 0x0303_0303;
            uint third = (thirds[i % 8] >> (i / 8)) & 0x0101_0101;
            fields->Values[i * RowGroup.Rows] = two | (third << 2);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PutScales(byte* packed, int row, Superblock* fields)
    {
        for (int i = 0; i < 16; i++)
        {
            ref uint lane = ref ((uint*)PackedSuperblocks<Q3_K>.Quarter(packed, i / 4))[row];
            lane |= (uint)(fields->Scales[i] + 32) << (i % 4 * 6);
        }

        PackedSuperblocks<Q3_K>.Quarter(packed, 0)[(4 * row) + 3] = (byte)fields->Factor;
        PackedSuperblocks<Q3_K>.Quarter(packed, 1)[(4 * row) + 3] = (byte)(fields->Factor >> 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* lines, int group, Vector512<uint> values)
    {
        Bits.PutTwo(lines, group, values);
        Bits.PutOne(lines + (2 * Bits.LineBytes), group, Vector512.ShiftRightLogical(values, 2));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd)
        => Bits.Two(lines, pair, odd) | Bits.Above(Bits.One(lines + (2 * Bits.LineBytes), pair, odd), 2);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Scale(byte* packed, int sixteenth)
    {
        var lanes = Vector512.Load((int*)PackedSuperblocks<Q3_K>.Quarter(packed, sixteenth >> 2));
        Vector512<int> scale = Vector512.ShiftRightLogical(lanes, (sixteenth & 3) * 6) & Vector512.Create(63);
        return (scale | Vector512.ShiftLeft(scale, 16)).AsInt16() - Vector512.Create((short)32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Minimums(byte* packed, int number) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Factor(byte* packed)
        => KScales.Half(PackedSuperblocks<Q3_K>.Quarter(packed, 0), PackedSuperblocks<Q3_K>.Quarter(packed, 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MinimumFactor(byte* packed) => default;
}
