using System.Buffers.Binary;

namespace Swarm.Inference.Model.Codec;

/// <summary>32 values into bits under an f16 scale: what <see cref="ScaledDecoder"/> reads.</summary>
internal static class ScaledEncoder
{
    private const int Half = 16;

    /// <summary>The value farthest from zero becomes -8, the one step that has no opposite.</summary>
    public static void Q4_0(ReadOnlySpan<float> values, Span<byte> block)
    {
        float scale = Farthest(values) / -8;
        float inverse = Inverse(scale);
        BinaryPrimitives.WriteHalfLittleEndian(block, (System.Half)scale);

        for (int i = 0; i < Half; i++)
        {
            int low = Math.Min(15, (int)((values[i] * inverse) + 8.5f));
            int high = Math.Min(15, (int)((values[i + Half] * inverse) + 8.5f));
            block[2 + i] = (byte)(low | (high << 4));
        }
    }

    /// <summary>The smallest value is 0, the largest 15.</summary>
    public static void Q4_1(ReadOnlySpan<float> values, Span<byte> block)
    {
        (float inverse, float minimum) = WriteRange(values, 15, block);

        for (int i = 0; i < Half; i++)
        {
            int low = Math.Min(15, (int)(((values[i] - minimum) * inverse) + 0.5f));
            int high = Math.Min(15, (int)(((values[i + Half] - minimum) * inverse) + 0.5f));
            block[4 + i] = (byte)(low | (high << 4));
        }
    }

    /// <summary>The value farthest from zero becomes -16.</summary>
    public static void Q5_0(ReadOnlySpan<float> values, Span<byte> block)
    {
        float scale = Farthest(values) / -16;
        float inverse = Inverse(scale);
        BinaryPrimitives.WriteHalfLittleEndian(block, (System.Half)scale);
        Span<int> quants = stackalloc int[2 * Half];

        for (int i = 0; i < 2 * Half; i++)
        {
            quants[i] = Math.Min(31, (int)((values[i] * inverse) + 16.5f));
        }

        WriteFiveBits(quants, block[2..]);
    }

    /// <summary>The smallest value is 0, the largest 31.</summary>
    public static void Q5_1(ReadOnlySpan<float> values, Span<byte> block)
    {
        (float inverse, float minimum) = WriteRange(values, 31, block);
        Span<int> quants = stackalloc int[2 * Half];

        for (int i = 0; i < 2 * Half; i++)
        {
            quants[i] = Math.Min(31, (int)(((values[i] - minimum) * inverse) + 0.5f));
        }

        WriteFiveBits(quants, block[4..]);
    }

    /// <summary>The value farthest from zero becomes 127 or -127.</summary>
    public static void Q8_0(ReadOnlySpan<float> values, Span<byte> block)
    {
        float scale = Math.Abs(Farthest(values)) / 127;
        float inverse = Inverse(scale);
        BinaryPrimitives.WriteHalfLittleEndian(block, (System.Half)scale);

        for (int i = 0; i < 2 * Half; i++)
        {
            block[2 + i] = (byte)(sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    private static float Farthest(ReadOnlySpan<float> values)
    {
        float farthest = 0;

        foreach (float value in values)
        {
            farthest = Math.Abs(value) > Math.Abs(farthest) ? value : farthest;
        }

        return farthest;
    }

    private static (float Inverse, float Minimum) WriteRange(ReadOnlySpan<float> values, int steps, Span<byte> block)
    {
        float minimum = float.MaxValue;
        float maximum = float.MinValue;

        foreach (float value in values)
        {
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
        }

        float scale = (maximum - minimum) / steps;
        BinaryPrimitives.WriteHalfLittleEndian(block, (System.Half)scale);
        BinaryPrimitives.WriteHalfLittleEndian(block[2..], (System.Half)minimum);
        return (Inverse(scale), minimum);
    }

    private static void WriteFiveBits(ReadOnlySpan<int> quants, Span<byte> block)
    {
        uint fifths = 0;

        for (int i = 0; i < Half; i++)
        {
            block[4 + i] = (byte)((quants[i] & 15) | (quants[i + Half] << 4));
            fifths |= ((uint)quants[i] >> 4 << i) | ((uint)quants[i + Half] >> 4 << (i + Half));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(block, fifths);
    }

    private static float Inverse(float scale) => scale == 0 ? 0 : 1 / scale;
}
