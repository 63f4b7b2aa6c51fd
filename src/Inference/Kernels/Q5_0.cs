using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 5-bit values less 16. A file's block is a half scale, 32 fifth bits, and the bytes of Q4_0.
/// </summary>
internal readonly unsafe struct Q5_0 : IBlockFormat
{
    public static int Lines => 5;

    public static int Bias => 16;

    public static bool IsWide => false;

    public static bool HasMinimum => false;

    public static int FileBytes => 22;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, ushort* heads, uint* values)
    {
        heads[0] = ((ushort*)block)[0];
        Bits.ReadFour(block + 6, values);
        Bits.ReadFifth(block + 2, values);
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
