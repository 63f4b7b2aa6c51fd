using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 4-bit values over a minimum. A file's block is a half scale, a half minimum, and the bytes of Q4_0.
/// </summary>
internal readonly unsafe struct Q4_1 : IBlockFormat
{
    public static int Lines => 4;

    public static int Bias => 0;

    public static bool IsWide => false;

    public static bool HasMinimum => true;

    public static int FileBytes => 20;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, ushort* heads, uint* values)
    {
        heads[0] = ((ushort*)block)[0];
        heads[1] = ((ushort*)block)[1];
        Bits.ReadFour(block + 4, values);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* lines, int group, Vector512<uint> values) => Bits.PutFour(lines, group, values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => Bits.Four(lines, pair, odd);

    public static bool IsFinite(ushort bits) => Half.IsFinite(BitConverter.UInt16BitsToHalf(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Heads(byte* heads) => HalfLanes.LoadScales(HalfLanes.Widen(heads));
}
