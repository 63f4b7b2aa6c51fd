using System.Buffers.Binary;

namespace Swarm.Inference.Model.Codec;

/// <summary>
/// 32 values of 4, 5 or 8 bits under an f16 scale, with an f16 minimum where the name ends in 1. The product is rounded
/// before the minimum is added: never fused.
/// </summary>
internal static class ScaledDecoder
{
    private const int Half = 16;

    /// <summary>scale, 16 bytes of nibbles: the low ones first. <c>(q - 8) · d</c></summary>
    public static void Q4_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Scale(block);

        for (int i = 0; i < Half; i++)
        {
            int pair = block[2 + i];
            values[i] = ((pair & 15) - 8) * scale;
            values[i + Half] = ((pair >> 4) - 8) * scale;
        }
    }

    /// <summary>scale, minimum, 16 bytes of nibbles. <c>q · d + m</c></summary>
    public static void Q4_1(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Scale(block);
        float minimum = Scale(block[2..]);

        for (int i = 0; i < Half; i++)
        {
            int pair = block[4 + i];
            values[i] = ((pair & 15) * scale) + minimum;
            values[i + Half] = ((pair >> 4) * scale) + minimum;
        }
    }

    /// <summary>scale, 32 fifth bits, 16 bytes of nibbles. <c>(q - 16) · d</c></summary>
    public static void Q5_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Scale(block);
        uint fifths = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);

        for (int i = 0; i < Half; i++)
        {
            int pair = block[6 + i];
            values[i] = (((pair & 15) | Fifth(fifths, i)) - 16) * scale;
            values[i + Half] = (((pair >> 4) | Fifth(fifths, i + Half)) - 16) * scale;
        }
    }

    /// <summary>scale, minimum, 32 fifth bits, 16 bytes of nibbles. <c>q · d + m</c></summary>
    public static void Q5_1(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Scale(block);
        float minimum = Scale(block[2..]);
        uint fifths = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);

        for (int i = 0; i < Half; i++)
        {
            int pair = block[8 + i];
            values[i] = (((pair & 15) | Fifth(fifths, i)) * scale) + minimum;
            values[i + Half] = (((pair >> 4) | Fifth(fifths, i + Half)) * scale) + minimum;
        }
    }

    /// <summary>scale, 32 signed bytes. <c>q · d</c></summary>
    public static void Q8_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Scale(block);

        for (int i = 0; i < 2 * Half; i++)
        {
            values[i] = (sbyte)block[2 + i] * scale;
        }
    }

    private static float Scale(ReadOnlySpan<byte> block) => (float)BinaryPrimitives.ReadHalfLittleEndian(block);

    private static int Fifth(uint fifths, int index) => (int)((fifths >> index) & 1) << 4;
}
