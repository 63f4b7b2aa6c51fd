using System.Buffers.Binary;

namespace Swarm.Inference.Model.Codec;

/// <summary>
/// The K types: 256 values in groups of 16 or 32, each group under a small whole scale (and minimum) of its own, these
/// under f16 ones. Products are rounded before the minimum is taken off: never fused.
/// </summary>
internal static class KDecoder
{
    private const int Group = 16;

    /// <summary>16 × (4-bit scale, 4-bit minimum), 64 bytes of 2 bits, d, dmin. <c>d · s · q - dmin · m</c></summary>
    public static void Q2_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> scales = block[..16];
        ReadOnlySpan<byte> quants = block[16..80];
        float scale = Float(block[80..]);
        float minimum = Float(block[82..]);

        for (int group = 0; group < 16; group++)
        {
            float step = scale * (scales[group] & 15);
            float offset = minimum * (scales[group] >> 4);

            for (int i = 0; i < Group; i++)
            {
                values[(group * Group) + i] = (step * TwoBits(quants, group, i)) - offset;
            }
        }
    }

    /// <summary>
    /// 32 bytes of third bits, 64 bytes of 2 bits, 16 scales of 6 bits, d. <c>d · (s - 32) · (q - 4)</c>
    /// </summary>
    public static void Q3_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> thirds = block[..32];
        ReadOnlySpan<byte> quants = block[32..96];
        ReadOnlySpan<byte> scales = block[96..108];
        float scale = Float(block[108..]);

        for (int group = 0; group < 16; group++)
        {
            // Eight low nibbles, then eight high ones; the upper two bits of four scales share one byte.
            int low = (scales[group % 8] >> (group / 8 * 4)) & 15;
            int high = (scales[8 + (group % 4)] >> (group / 4 * 2)) & 3;
            float step = scale * ((low | (high << 4)) - 32);

            for (int i = 0; i < Group; i++)
            {
                int third = (thirds[(group % 2 * Group) + i] >> (group / 2)) & 1;
                values[(group * Group) + i] = step * (TwoBits(quants, group, i) - (third == 0 ? 4 : 0));
            }
        }
    }

    /// <summary>d, dmin, 8 × (6-bit scale, 6-bit minimum), 128 bytes of nibbles. <c>d · s · q - dmin · m</c></summary>
    public static void Q4_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        for (int group = 0; group < 8; group++)
        {
            (float step, float offset) = SixBitScale(block, group);
            ReadOnlySpan<byte> quants = block.Slice(16 + (group / 2 * 32), 32);

            for (int i = 0; i < 32; i++)
            {
                values[(group * 32) + i] = (step * ((quants[i] >> (group % 2 * 4)) & 15)) - offset;
            }
        }
    }

    /// <summary>As Q4_K, with 32 bytes of fifth bits before the nibbles.</summary>
    public static void Q5_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> fifths = block[16..48];

        for (int group = 0; group < 8; group++)
        {
            (float step, float offset) = SixBitScale(block, group);
            ReadOnlySpan<byte> quants = block.Slice(48 + (group / 2 * 32), 32);

            for (int i = 0; i < 32; i++)
            {
                int quant = ((quants[i] >> (group % 2 * 4)) & 15) | (((fifths[i] >> group) & 1) << 4);
                values[(group * 32) + i] = (step * quant) - offset;
            }
        }
    }

    /// <summary>
    /// 128 bytes of nibbles, 64 bytes of upper bit pairs, 16 signed scales, d. <c>d · s · (q - 32)</c>
    /// </summary>
    public static void Q6_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        ReadOnlySpan<byte> lower = block[..128];
        ReadOnlySpan<byte> upper = block[128..192];
        float scale = Float(block[208..]);

        for (int i = 0; i < 256; i++)
        {
            // Two halves of 128 values; in each, four rows of 32 share the bytes of the upper bits.
            int half = i / 128;
            int row = i % 128 / 32;
            int column = i % 32;
            int low = (lower[(half * 64) + (row % 2 * 32) + column] >> (row / 2 * 4)) & 15;
            int high = (upper[(half * 32) + column] >> (row * 2)) & 3;
            values[i] = scale * (sbyte)block[192 + (i / Group)] * ((low | (high << 4)) - 32);
        }
    }

    /// <summary>The scale and the minimum of a group of 32: 12 bytes hold eight pairs of 6 bits.</summary>
    private static (float Step, float Offset) SixBitScale(ReadOnlySpan<byte> block, int group)
    {
        ReadOnlySpan<byte> packed = block[4..16];
        int scale = packed[group % 4] & 63;
        int minimum = packed[4 + (group % 4)] & 63;

        if (group >= 4)
        {
            scale = (packed[group + 4] & 15) | ((packed[group - 4] >> 6) << 4);
            minimum = (packed[group + 4] >> 4) | ((packed[group] >> 6) << 4);
        }

        return (Float(block) * scale, Float(block[2..]) * minimum);
    }

    /// <summary>A 2-bit value: 32 bytes hold 128 of them, groups 0 and 1 in the lowest bits.</summary>
    private static int TwoBits(ReadOnlySpan<byte> quants, int group, int i)
        => (quants[(group / 8 * 32) + (group % 2 * Group) + i] >> (group % 8 / 2 * 2)) & 3;

    private static float Float(ReadOnlySpan<byte> half) => (float)BinaryPrimitives.ReadHalfLittleEndian(half);
}
