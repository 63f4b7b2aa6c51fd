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

    public static void Read(byte* block, ushort* heads, uint* values)
    {
        heads[0] = *(ushort*)block;

        for (int i = 0; i < 4; i++)
        {
            uint both = ((uint*)(block + 2))[i];
            values[i] = both & 0x0F0F_0F0F;
            values[i + 4] = (both >> 4) & 0x0F0F_0F0F;
        }
    }

    public static void Put(byte* lines, int row, int group, uint values) => Bits.PutFour(lines, row, group, values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int group) => Bits.Four(lines, group);

    public static float Head(ushort bits) => (float)BitConverter.UInt16BitsToHalf(bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Heads(byte* heads) => HalfLanes.Load(heads);
}
