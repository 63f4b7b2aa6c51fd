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

    public static void Read(byte* block, Superblock* fields)
    {
        uint* lower = (uint*)block;
        uint* upper = (uint*)(block + 128);
        fields->Factor = *(ushort*)(block + 208);

        for (int i = 0; i < 16; i++)
        {
            fields->Scales[i] = (sbyte)block[192 + i];
        }

        for (int i = 0; i < 64; i++)
        {
            // Two halves of 128 values; in each, four rows of 32 share the bytes of the upper bits.
            int half = i / 32;
            int row = i / 8 % 4;
            uint low = lower[(half * 16) + (row % 2 * 8) + (i % 8)] >> (row / 2 * 4);
            uint high = upper[(half * 8) + (i % 8)] >> (row * 2);
            fields->Values[i] = (low & 0x0F0F_0F0F) | ((high & 0x0303_0303) << 4);
        }
    }

    public static void PutScales(byte* packed, int row, Superblock* fields)
    {
        ((ushort*)packed)[row] = fields->Factor;

        for (int i = 0; i < 16; i++)
        {
            PackedSuperblocks<Q6_K>.Quarter(packed, i / 4)[(4 * row) + (i % 4)] = (byte)fields->Scales[i];
        }
    }

    public static void Put(byte* lines, int row, int group, uint values)
    {
        Bits.PutFour(lines, row, group, values);
        Bits.PutTwo(lines + (4 * Bits.LineBytes), row, group, values >> 4);
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
