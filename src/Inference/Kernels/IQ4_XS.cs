using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 4-bit numbers of uneven steps with a 6-bit scale less 32 to each 32 values. A file's superblock has a half, sixteen
/// bits with the upper two of each scale, four bytes with the lower four, then for each 32 values bytes like Q4_0's.
/// Packed, a row's lane of a quarter's line is two scales and the half.
/// </summary>
internal readonly unsafe struct IQ4_XS : ISuperblockFormat
{
    public static int FrontLines => 0;

    public static int Lines => 4;

    public static int Bias => 128;

    public static bool IsWide => true;

    public static bool IsSplit => true;

    public static int MinimumLength => 0;

    public static int FileBytes => 136;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, Superblock* fields)
    {
        int upper = ((ushort*)block)[1];
        fields->Factor = *(ushort*)block;

        for (int i = 0; i < 8; i++)
        {
            int lower = (block[4 + (i / 2)] >> (i % 2 * 4)) & 15;
            sbyte scale = (sbyte)((lower | (((upper >> (2 * i)) & 3) << 4)) - 32);
            fields->Scales[2 * i] = scale;
            fields->Scales[(2 * i) + 1] = scale;
            Bits.ReadFour(block + 8 + (16 * i), fields->Values + (i * Bits.Groups * RowGroup.Rows));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PutScales(byte* packed, int row, Superblock* fields)
    {
        for (int i = 0; i < 4; i++)
        {
            byte* lane = PackedSuperblocks<IQ4_XS>.Quarter(packed, i) + (4 * row);
            lane[0] = (byte)fields->Scales[4 * i];
            lane[1] = (byte)fields->Scales[(4 * i) + 2];
            *(ushort*)(lane + 2) = fields->Factor;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* lines, int group, Vector512<uint> values) => Bits.PutFour(lines, group, values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => Steps.Uneven(Bits.Four(lines, pair, odd));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Scale(byte* packed, int sixteenth)
        => SignedScales.Of(PackedSuperblocks<IQ4_XS>.Quarter(packed, sixteenth >> 2), (sixteenth >> 1) & 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Minimums(byte* packed, int number) => default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Factor(byte* packed)
        => HalfLanes.LoadScales(Vector512.ShiftRightArithmetic(Vector512.Load((int*)packed), 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MinimumFactor(byte* packed) => default;
}
