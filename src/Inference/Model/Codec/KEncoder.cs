namespace Swarm.Inference.Model.Codec;

/// <summary>256 values into the K types: what <see cref="KDecoder"/> reads.</summary>
internal static class KEncoder
{
    private const int Length = 256;
    private const int Group = 16;

    public static void Q2_K(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<int> scales = stackalloc int[16];
        Span<int> minimums = stackalloc int[16];
        Span<int> levels = stackalloc int[Length];
        (float scale, float minimum) = WithMinimum(values, 3, 15, scales, minimums, levels);
        block.Clear();
        SmallFloat.Write(block[80..], scale);
        SmallFloat.Write(block[82..], minimum);

        for (int group = 0; group < 16; group++)
        {
            block[group] = (byte)(scales[group] | (minimums[group] << 4));
        }

        WriteTwoBits(levels, block[16..]);
    }

    public static void Q3_K(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<int> scales = stackalloc int[16];
        Span<int> levels = stackalloc int[Length];
        float scale = Signed(values, new EvenLevels(-4, 3), -32, scales, levels);
        block.Clear();
        SmallFloat.Write(block[108..], scale);

        for (int group = 0; group < 16; group++)
        {
            // Eight low nibbles, then eight high ones; the upper two bits of four scales share one byte.
            int stored = scales[group] + 32;
            block[96 + (group % 8)] |= (byte)((stored & 15) << (group / 8 * 4));
            block[104 + (group % 4)] |= (byte)((stored >> 4) << (group / 4 * 2));
        }

        for (int i = 0; i < Length; i++)
        {
            levels[i] += 4;
            block[i % 32] |= (byte)((levels[i] >> 2) << (i / 32));
            levels[i] &= 3;
        }

        WriteTwoBits(levels, block[32..]);
    }

    public static void Q4_K(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<int> levels = stackalloc int[Length];
        WriteSixBitScales(values, 15, block, levels);
        WriteNibbles(levels, block[16..]);
    }

    public static void Q5_K(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<int> levels = stackalloc int[Length];
        WriteSixBitScales(values, 31, block, levels);
        Span<byte> fifths = block[16..48];
        fifths.Clear();

        for (int i = 0; i < Length; i++)
        {
            fifths[i % 32] |= (byte)((levels[i] >> 4) << (i / 32));
        }

        WriteNibbles(levels, block[48..]);
    }

    public static void Q6_K(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<int> scales = stackalloc int[16];
        Span<int> levels = stackalloc int[Length];
        float scale = Signed(values, new EvenLevels(-32, 31), -128, scales, levels);
        block.Clear();
        SmallFloat.Write(block[208..], scale);

        for (int group = 0; group < 16; group++)
        {
            block[192 + group] = (byte)scales[group];
        }

        for (int i = 0; i < Length; i++)
        {
            // Two halves of 128 values; in each, four rows of 32 share the bytes of the upper bits.
            int stored = levels[i] + 32;
            int half = i / 128;
            int row = i % 128 / 32;
            int column = i % 32;
            block[(half * 64) + (row % 2 * 32) + column] |= (byte)((stored & 15) << (row / 2 * 4));
            block[128 + (half * 32) + column] |= (byte)((stored >> 4) << (row * 2));
        }
    }

    private static (float Scale, float Minimum) WithMinimum(
        ReadOnlySpan<float> values,
        float levelMax,
        int scaleMax,
        Span<int> scales,
        Span<int> minimums,
        Span<int> levels)
    {
        (float scale, float minimum) = MinimumFit.Fit(values, levelMax, scaleMax, scales, minimums);
        int length = Length / scales.Length;

        for (int group = 0; group < scales.Length; group++)
        {
            GroupSums.Write(
                new EvenLevels(0, levelMax),
                values.Slice(group * length, length),
                minimum * minimums[group],
                SmallFloat.Inverse(scale * scales[group]),
                levels[(group * length)..]);
        }

        return (scale, minimum);
    }

    private static float Signed(
        ReadOnlySpan<float> values, EvenLevels allowed, int scaleMin, Span<int> scales, Span<int> levels)
    {
        float scale = SignedFit.Fit(allowed, values, scaleMin, scales);

        for (int group = 0; group < scales.Length; group++)
        {
            ReadOnlySpan<float> part = values.Slice(group * Group, Group);
            float inverse = SmallFloat.Inverse(scale * scales[group]);
            GroupSums.Write(allowed, part, 0, inverse, levels[(group * Group)..]);
        }

        return scale;
    }

    /// <summary>d, dmin and eight pairs of 6 bits in 12 bytes.</summary>
    private static void WriteSixBitScales(
        ReadOnlySpan<float> values, float levelMax, Span<byte> block, Span<int> levels)
    {
        Span<int> scales = stackalloc int[8];
        Span<int> minimums = stackalloc int[8];
        (float scale, float minimum) = WithMinimum(values, levelMax, 63, scales, minimums, levels);
        SmallFloat.Write(block, scale);
        SmallFloat.Write(block[2..], minimum);

        for (int i = 0; i < 4; i++)
        {
            block[4 + i] = (byte)(scales[i] | (scales[i + 4] >> 4 << 6));
            block[8 + i] = (byte)(minimums[i] | (minimums[i + 4] >> 4 << 6));
            block[12 + i] = (byte)((scales[i + 4] & 15) | (minimums[i + 4] << 4));
        }
    }

    /// <summary>The low four bits: of every 64 values, the first 32 in the low nibbles.</summary>
    private static void WriteNibbles(ReadOnlySpan<int> levels, Span<byte> quants)
    {
        for (int i = 0; i < Length / 2; i++)
        {
            int first = (i / 32 * 64) + (i % 32);
            quants[i] = (byte)((levels[first] & 15) | (levels[first + 32] << 4));
        }
    }

    /// <summary>Two bits: of every 128 values, four rows of 32 share 32 bytes.</summary>
    private static void WriteTwoBits(ReadOnlySpan<int> levels, Span<byte> quants)
    {
        for (int i = 0; i < Length; i++)
        {
            quants[(i / 128 * 32) + (i % 32)] |= (byte)(levels[i] << (i % 128 / 32 * 2));
        }
    }
}
