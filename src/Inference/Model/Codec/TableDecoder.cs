using System.Buffers.Binary;

namespace Swarm.Inference.Model.Codec;

/// <summary>Nibbles that index a table of sixteen values.</summary>
internal static class TableDecoder
{
    private const int Half = 16;

    /// <summary>The uneven steps of IQ4_NL and IQ4_XS: narrow about zero, where weights are many.</summary>
    public static ReadOnlySpan<sbyte> Uneven
        => [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>Twice what a four-bit float (E2M1) is; the scales are halved instead.</summary>
    public static ReadOnlySpan<sbyte> FourBitFloats => [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    /// <summary>32 values: f16 scale, 16 bytes of nibbles, the low ones first.</summary>
    public static void IQ4_NL(ReadOnlySpan<byte> block, Span<float> values)
        => Nibbles(Float(block), Uneven, block.Slice(2, Half), values);

    /// <summary>256 values: f16 scale, 8 scales of 6 bits (less 32), 128 bytes of nibbles.</summary>
    public static void IQ4_XS(ReadOnlySpan<byte> block, Span<float> values)
    {
        int upper = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);

        for (int group = 0; group < 8; group++)
        {
            int low = (block[4 + (group / 2)] >> (group % 2 * 4)) & 15;
            int scale = (low | (((upper >> (2 * group)) & 3) << 4)) - 32;
            ReadOnlySpan<byte> quants = block.Slice(8 + (group * Half), Half);
            Nibbles(Float(block) * scale, Uneven, quants, values.Slice(group * 32, 32));
        }
    }

    /// <summary>32 values: a power of two, 16 bytes of nibbles.</summary>
    public static void MXFP4(ReadOnlySpan<byte> block, Span<float> values)
        => Nibbles(HalfPowerOfTwo(block[0]), FourBitFloats, block.Slice(1, Half), values);

    /// <summary>64 values: four scales of 8 bits, then 8 bytes of nibbles for each sixteen.</summary>
    public static void NVFP4(ReadOnlySpan<byte> block, Span<float> values)
    {
        for (int group = 0; group < 4; group++)
        {
            ReadOnlySpan<byte> quants = block.Slice(4 + (group * 8), 8);
            Nibbles(HalfSmallFloat(block[group]), FourBitFloats, quants, values.Slice(group * 16, 16));
        }
    }

    /// <summary>2^(e - 128): half of what an E8M0 scale means.</summary>
    public static float HalfPowerOfTwo(byte exponent)
        => BitConverter.UInt32BitsToSingle(exponent < 2 ? 0x0020_0000u << exponent : (uint)(exponent - 1) << 23);

    /// <summary>Half of what an unsigned E4M3 scale means; its one NaN counts as zero.</summary>
    private static float HalfSmallFloat(byte bits)
    {
        int exponent = (bits >> 3) & 15;
        int fraction = bits & 7;
        float value = exponent == 0
            ? MathF.ScaleB(fraction, -9)
            : MathF.ScaleB(1 + (fraction / 8f), exponent - 7);
        return bits == 0x7F ? 0 : value / 2;
    }

    private static void Nibbles(
        float scale, ReadOnlySpan<sbyte> table, ReadOnlySpan<byte> quants, Span<float> values)
    {
        for (int i = 0; i < quants.Length; i++)
        {
            values[i] = scale * table[quants[i] & 15];
            values[i + quants.Length] = scale * table[quants[i] >> 4];
        }
    }

    private static float Float(ReadOnlySpan<byte> half) => (float)BinaryPrimitives.ReadHalfLittleEndian(half);
}
