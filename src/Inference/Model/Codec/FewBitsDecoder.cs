using System.Buffers.Binary;

namespace Swarm.Inference.Model.Codec;

/// <summary>One or two bits a value, or one of three values, under one f16 scale.</summary>
internal static class FewBitsDecoder
{
    /// <summary>256 of -1, 0, 1: 48 bytes of five, 4 bytes of four, f16 scale.</summary>
    public static void TQ1_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Float(block[52..]);
        Ternary(block[..32], 5, scale, values);
        Ternary(block[32..48], 5, scale, values[160..]);
        Ternary(block[48..52], 4, scale, values[240..]);
    }

    /// <summary>256 of -1, 0, 1: 64 bytes of four, f16 scale.</summary>
    public static void TQ2_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Float(block[64..]);

        for (int i = 0; i < 256; i++)
        {
            int four = block[(i / 128 * 32) + (i % 32)];
            values[i] = (((four >> (i % 128 / 32 * 2)) & 3) - 1) * scale;
        }
    }

    /// <summary>128 values: f16 scale, a bit each: plus or minus the scale.</summary>
    public static void Q1_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Float(block);

        for (int i = 0; i < 128; i++)
        {
            values[i] = ((block[2 + (i / 8)] >> (i % 8)) & 1) != 0 ? scale : -scale;
        }
    }

    /// <summary>64 values: f16 scale, two bits each, less 1.</summary>
    public static void Q2_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Float(block);

        for (int i = 0; i < 64; i++)
        {
            values[i] = (((block[2 + (i / 4)] >> (i % 4 * 2)) & 3) - 1) * scale;
        }
    }

    // A byte is the first digits of a fraction in base 3: multiplied by 3^n it drops n of them, by 3 again the next
    // one is carried out.
    private static void Ternary(ReadOnlySpan<byte> packed, int digits, float scale, Span<float> values)
    {
        int power = 1;

        for (int digit = 0; digit < digits; digit++)
        {
            for (int i = 0; i < packed.Length; i++)
            {
                int next = ((byte)(packed[i] * power) * 3) >> 8;
                values[(digit * packed.Length) + i] = (next - 1) * scale;
            }

            power *= 3;
        }
    }

    private static float Float(ReadOnlySpan<byte> half) => (float)BinaryPrimitives.ReadHalfLittleEndian(half);
}
