using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 5-bit values over a minimum. A file's block is a half scale, a half minimum, 32 fifth bits, and the bytes of Q4_0.
/// Sums of sixteen products of 31 · 127 need more than 16 bits.
/// </summary>
internal readonly unsafe struct Q5_1 : IBlockFormat
{
    public static int Lines => 5;

    public static int Bias => 0;

    public static bool IsWide => true;

    public static bool HasMinimum => true;

    public static int FileBytes => 24;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, ushort* heads, uint* values)
    {
        heads[0] = ((ushort*)block)[0];
        heads[1] = ((ushort*)block)[1];
        Bits.ReadFour(block + 8, values);
        Bits.ReadFifth(block + 4, values);
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

    public static bool IsFinite(ushort bits) => Half.IsFinite(BitConverter.UInt16BitsToHalf(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Heads(byte* heads) => HalfLanes.LoadScales(HalfLanes.Widen(heads));
}
