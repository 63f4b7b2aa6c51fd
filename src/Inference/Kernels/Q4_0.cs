using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 4-bit values less 8. A file's block is a half scale and 16 bytes, value k in the low half of byte k and value
/// 16 + k in the high half.
/// </summary>
internal readonly unsafe struct Q4_0 : IBlockFormat
{
    public static int Lines => 4;

    public static int Bias => 8;

    public static bool IsWide => false;

    public static bool HasMinimum => false;

    public static int FileBytes => 18;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, ushort* heads, uint* values)
    {
        heads[0] = ((ushort*)block)[0];
        Bits.ReadFour(block + 2, values);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* lines, int group, Vector512<uint> values) => Bits.PutFour(lines, group, values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => Bits.Four(lines, pair, odd);

    public static bool IsFinite(ushort bits) => Half.IsFinite(BitConverter.UInt16BitsToHalf(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Heads(byte* heads) => HalfLanes.LoadScales(HalfLanes.Widen(heads));
}
