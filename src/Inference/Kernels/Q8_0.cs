using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Signed bytes. A file's block is a half scale and 32 of them; packed, each has its sign bit turned, which adds 128:
/// byte dots take weights unsigned.
/// </summary>
internal readonly unsafe struct Q8_0 : IBlockFormat
{
    public static int Lines => 8;

    public static int Bias => 128;

    public static bool IsWide => true;

    public static bool HasMinimum => false;

    public static int FileBytes => 34;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, ushort* heads, uint* values)
    {
        heads[0] = ((ushort*)block)[0];

        for (int i = 0; i < Bits.Groups; i++)
        {
            values[i * RowGroup.Rows] = ((uint*)(block + 2))[i] ^ 0x8080_8080;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* lines, int group, Vector512<uint> values) => Bits.PutEight(lines, group, values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => Bits.Eight(lines, pair, odd);

    public static bool IsFinite(ushort bits) => Half.IsFinite(BitConverter.UInt16BitsToHalf(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Heads(byte* heads) => HalfLanes.LoadScales(HalfLanes.Widen(heads));
}
