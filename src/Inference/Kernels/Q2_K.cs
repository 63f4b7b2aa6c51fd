using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 2-bit values with a 4-bit scale and a 4-bit minimum to each 16. A file's superblock has sixteen bytes of both, 64
/// bytes of values, and two halves. Packed, the front line has the halves, a quarter's line its four bytes of scales.
/// </summary>
internal readonly unsafe struct Q2_K : ISuperblockFormat
{
    public static int FrontLines => 1;

    public static int Lines => 2;

    public static int Bias => 0;

    public static bool IsWide => false;

    public static bool IsSplit => true;

    public static int MinimumLength => 16;

    public static int FileBytes => 84;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, Superblock* fields)
    {
        uint* bytes = (uint*)(block + 16);
        fields->Factor = *(ushort*)(block + 80);
        fields->MinimumFactor = *(ushort*)(block + 82);

        for (int i = 0; i < 16; i++)
        {
            fields->Scales[i] = (sbyte)(block[i] & 15);
            fields->Minimums[i] = (byte)(block[i] >> 4);
        }

        for (int i = 0; i < 64; i++)
        {
            fields->Values[i * RowGroup.Rows] = (bytes[(i / 32 * 8) + (i % 8)] >> (i / 8 % 4 * 2)) & 0x0303_0303;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PutScales(byte* packed, int row, Superblock* fields)
    {
        ((ushort*)packed)[2 * row] = fields->Factor;
        ((ushort*)packed)[(2 * row) + 1] = fields->MinimumFactor;

        for (int i = 0; i < 16; i++)
        {
            PackedSuperblocks<Q2_K>.Quarter(packed, i / 4)[(4 * row) + (i % 4)]
                = (byte)((byte)fields->Scales[i] | (fields->Minimums[i] << 4));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* lines, int group, Vector512<uint> values) => Bits.PutTwo(lines, group, values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => Bits.Two(lines, pair, odd);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Scale(byte* packed, int sixteenth) => Four(packed, sixteenth, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<short> Minimums(byte* packed, int number) => Four(packed, number, 4);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Factor(byte* packed)
        => HalfLanes.LoadScales(
            Vector512.ShiftRightArithmetic(Vector512.ShiftLeft(Vector512.Load((int*)packed), 16), 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MinimumFactor(byte* packed)
        => HalfLanes.LoadScales(Vector512.ShiftRightArithmetic(Vector512.Load((int*)packed), 16));

    // Four bits of the byte of 16 values, in both halves of their lanes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Four(byte* packed, int sixteenth, int above)
    {
        var lanes = Vector512.Load((int*)PackedSuperblocks<Q2_K>.Quarter(packed, sixteenth >> 2));
        Vector512<int> four = Vector512.ShiftRightLogical(lanes, ((sixteenth & 3) * 8) + above) & Vector512.Create(15);
        return (four | Vector512.ShiftLeft(four, 16)).AsInt16();
    }
}
