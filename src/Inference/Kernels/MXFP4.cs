using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Swarm.Inference.Model.Codec;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Four-bit floats, twice as large as integers, under half a power of two, whose exponent is a byte of the file's block
/// before 16 bytes like those of Q4_0. Packed, the power is the upper half of a float.
/// </summary>
internal readonly unsafe struct MXFP4 : IBlockFormat
{
    public static int Lines => 4;

    public static int Bias => 16;

    public static bool IsWide => false;

    public static bool HasMinimum => false;

    public static int FileBytes => 17;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(byte* block, ushort* heads, uint* values)
    {
        heads[0] = (ushort)(BitConverter.SingleToUInt32Bits(TableDecoder.HalfPowerOfTwo(block[0])) >> 16);
        Bits.ReadFour(block + 1, values);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(byte* lines, int group, Vector512<uint> values) => Bits.PutFour(lines, group, values);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Sixteen(byte* lines, int pair, int odd) => Steps.Floats(Bits.Four(lines, pair, odd));

    public static bool IsFinite(ushort bits) => float.IsFinite(12 * BF16.One((byte*)&bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Heads(byte* heads) => BF16.Sixteen(heads);
}
