using System.Buffers.Binary;
using System.Numerics;

namespace Swarm.Inference.Model.Codec;

/// <summary>256 values placed on points of a grid, groups of them under small scales of their own.</summary>
internal static class GridDecoder
{
    private const int Groups = 8;
    private const float Delta = 0.125f;

    /// <summary>f16 scale; for each 32 values four indexes, then four times 7 signs and a 4-bit scale.</summary>
    public static void IQ2_XXS(ReadOnlySpan<byte> block, Span<float> values)
    {
        for (int group = 0; group < Groups; group++)
        {
            ReadOnlySpan<byte> indexes = block.Slice(2 + (group * 8), 4);
            uint rest = BinaryPrimitives.ReadUInt32LittleEndian(block[(6 + (group * 8))..]);
            float step = Float(block) * (0.5f + (rest >> 28)) * 0.25f;

            for (int i = 0; i < 4; i++)
            {
                int signs = SevenSigns((int)(rest >> (7 * i)));
                Signed(CodeGrids.IQ2_XXS[indexes[i]], signs, step, values[((group * 32) + (i * 8))..]);
            }
        }
    }

    /// <summary>f16 scale, 32 × (9-bit index, 7 signs), 16 scales of 4 bits.</summary>
    public static void IQ2_XS(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> scales = block[66..];

        for (int i = 0; i < 32; i++)
        {
            int packed = BinaryPrimitives.ReadUInt16LittleEndian(block[(2 + (2 * i))..]);
            float step = Float(block) * (0.5f + Nibble(scales, i / 2)) * 0.25f;
            Signed(CodeGrids.IQ2_XS[packed & 511], SevenSigns(packed >> 9), step, values[(i * 8)..]);
        }
    }

    /// <summary>f16 scale, 32 indexes, 32 × 8 signs, upper bits of the indexes, 16 scales of 4 bits.</summary>
    public static void IQ2_S(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> signs = block[34..66];
        ReadOnlySpan<byte> upper = block[66..74];
        ReadOnlySpan<byte> scales = block[74..];

        for (int i = 0; i < 32; i++)
        {
            int index = block[2 + i] | (((upper[i / 4] >> (i % 4 * 2)) & 3) << 8);
            float step = Float(block) * (0.5f + Nibble(scales, i / 2)) * 0.25f;
            Signed(CodeGrids.IQ2_S[index], signs[i], step, values[(i * 8)..]);
        }
    }

    /// <summary>f16 scale, 64 indexes; for each 32 values four times 7 signs and a 4-bit scale.</summary>
    public static void IQ3_XXS(ReadOnlySpan<byte> block, Span<float> values)
    {
        for (int group = 0; group < Groups; group++)
        {
            uint rest = BinaryPrimitives.ReadUInt32LittleEndian(block[(66 + (group * 4))..]);
            float step = Float(block) * (0.5f + (rest >> 28)) * 0.5f;

            for (int i = 0; i < 8; i++)
            {
                int signs = SevenSigns((int)(rest >> (i / 2 * 7))) >> (i % 2 * 4);
                int index = block[2 + (group * 8) + i];
                Signed(CodeGrids.IQ3_XXS[index], signs, step, values[((group * 32) + (i * 4))..]);
            }
        }
    }

    /// <summary>f16 scale, 64 indexes, their ninth bits, 32 × 8 signs, 8 scales of 4 bits.</summary>
    public static void IQ3_S(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> ninths = block[66..74];
        ReadOnlySpan<byte> signs = block[74..106];
        ReadOnlySpan<byte> scales = block[106..];

        for (int i = 0; i < 64; i++)
        {
            int index = block[2 + i] | (((ninths[i / 8] >> (i % 8)) & 1) << 8);
            float step = Float(block) * (1 + (2 * Nibble(scales, i / 8)));
            Signed(CodeGrids.IQ3_S[index], signs[i / 2] >> (i % 2 * 4), step, values[(i * 4)..]);
        }
    }

    /// <summary>f16 scale, 32 indexes; for each 32 values their upper bits, a 3-bit scale and a shift's sign.</summary>
    public static void IQ1_S(ReadOnlySpan<byte> block, Span<float> values)
    {
        for (int i = 0; i < 32; i++)
        {
            int rest = BinaryPrimitives.ReadUInt16LittleEndian(block[(34 + (i / 4 * 2))..]);
            int index = block[2 + i] | (((rest >> (i % 4 * 3)) & 7) << 8);
            float step = Float(block) * ((2 * ((rest >> 12) & 7)) + 1);
            Shifted(CodeGrids.IQ1[index], (rest & 0x8000) == 0 ? Delta : -Delta, step, values[(i * 8)..]);
        }
    }

    /// <summary>32 indexes; for each a nibble: upper bits, a shift's sign; 16 scales of 3 bits and an f16.</summary>
    public static void IQ1_M(ReadOnlySpan<byte> block, Span<float> values)
    {
        // Each of four words holds four scales of 3 bits and, on top, 4 bits of the f16 scale.
        int half = 0;

        for (int word = 0; word < 4; word++)
        {
            half |= (BinaryPrimitives.ReadUInt16LittleEndian(block[(48 + (2 * word))..]) >> 12) << (4 * word);
        }

        float scale = (float)BitConverter.UInt16BitsToHalf((ushort)half);

        for (int i = 0; i < 32; i++)
        {
            int rest = Nibble(block[32..48], i);
            int index = block[i] | ((rest & 7) << 8);
            int word = BinaryPrimitives.ReadUInt16LittleEndian(block[(48 + (i / 8 * 2))..]);
            float step = scale * ((2 * ((word >> (i % 8 / 2 * 3)) & 7)) + 1);
            Shifted(CodeGrids.IQ1[index], (rest & 8) == 0 ? Delta : -Delta, step, values[(i * 8)..]);
        }
    }

    private static void Signed(ReadOnlySpan<sbyte> point, int signs, float step, Span<float> values)
    {
        for (int i = 0; i < point.Length; i++)
        {
            float value = step * point[i];
            values[i] = ((signs >> i) & 1) != 0 ? -value : value;
        }
    }

    private static void Shifted(ReadOnlySpan<sbyte> point, float shift, float step, Span<float> values)
    {
        for (int i = 0; i < point.Length; i++)
        {
            values[i] = step * (point[i] + shift);
        }
    }

    /// <summary>Seven signs and an eighth that makes the number of minuses even.</summary>
    private static int SevenSigns(int bits)
    {
        int seven = bits & 127;
        return seven | ((BitOperations.PopCount((uint)seven) & 1) << 7);
    }

    private static int Nibble(ReadOnlySpan<byte> packed, int index) => (packed[index / 2] >> (index % 2 * 4)) & 15;

    private static float Float(ReadOnlySpan<byte> half) => (float)BinaryPrimitives.ReadHalfLittleEndian(half);
}
