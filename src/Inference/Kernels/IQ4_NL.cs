using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// 4-bit numbers of uneven steps. A file's block is like that of Q4_0.
/// </summary>
internal readonly unsafe struct IQ4_NL : IBlockFormat
{
    public static int Lines => 4;

    public static int Bias => 128;

    public static bool IsWide => true;

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
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => Steps.Uneven(Bits.Four(lines, pair, odd));

    public static bool IsFinite(ushort bits) => Half.IsFinite(BitConverter.UInt16BitsToHalf(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Heads(byte* heads) => HalfLanes.LoadScales(HalfLanes.Widen(heads));
}
