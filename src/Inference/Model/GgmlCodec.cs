using System.Buffers.Binary;

namespace Swarm.Inference.Model;

/// <summary>Stored values to floats and back, bit for bit as ggml's reference does it.</summary>
public static class GgmlCodec
{
    // Both 32-value formats start with a 16-bit scale.
    private const int ScaleBytes = 2;
    private const int BlockLength = 32;

    /// <summary>Decodes whole blocks.</summary>
    /// <exception cref="UnsupportedModelException">Values of this type cannot be decoded.</exception>
    public static void Dequantize(GgmlType type, ReadOnlySpan<byte> stored, Span<float> values)
    {
        Check(type, stored.Length, values.Length);

        switch (type)
        {
            case GgmlType.F32:
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = BinaryPrimitives.ReadSingleLittleEndian(stored[(4 * i)..]);
                }

                break;
            case GgmlType.F16:
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(stored[(2 * i)..]);
                }

                break;
            case GgmlType.BF16:
                for (int i = 0; i < values.Length; i++)
                {
                    uint upper = BinaryPrimitives.ReadUInt16LittleEndian(stored[(2 * i)..]);
                    values[i] = BitConverter.UInt32BitsToSingle(upper << 16);
                }

                break;
            case GgmlType.Q8_0:
                for (int at = 0; at < values.Length; at += BlockLength)
                {
                    DequantizeQ8_0(stored[(at / BlockLength * type.BytesPerBlock)..], values.Slice(at, BlockLength));
                }

                break;
            case GgmlType.Q4_0:
                for (int at = 0; at < values.Length; at += BlockLength)
                {
                    DequantizeQ4_0(stored[(at / BlockLength * type.BytesPerBlock)..], values.Slice(at, BlockLength));
                }

                break;
            default:
                throw Unsupported(type);
        }
    }

    /// <summary>Encodes whole blocks.</summary>
    /// <exception cref="UnsupportedModelException">Values of this type cannot be encoded.</exception>
    public static void Quantize(GgmlType type, ReadOnlySpan<float> values, Span<byte> stored)
    {
        Check(type, stored.Length, values.Length);

        switch (type)
        {
            case GgmlType.F32:
                for (int i = 0; i < values.Length; i++)
                {
                    BinaryPrimitives.WriteSingleLittleEndian(stored[(4 * i)..], values[i]);
                }

                break;
            case GgmlType.F16:
                for (int i = 0; i < values.Length; i++)
                {
                    BinaryPrimitives.WriteHalfLittleEndian(stored[(2 * i)..], (Half)values[i]);
                }

                break;
            case GgmlType.BF16:
                for (int i = 0; i < values.Length; i++)
                {
                    BinaryPrimitives.WriteUInt16LittleEndian(stored[(2 * i)..], ToBFloat16(values[i]));
                }

                break;
            case GgmlType.Q8_0:
                for (int at = 0; at < values.Length; at += BlockLength)
                {
                    QuantizeQ8_0(values.Slice(at, BlockLength), stored[(at / BlockLength * type.BytesPerBlock)..]);
                }

                break;
            case GgmlType.Q4_0:
                for (int at = 0; at < values.Length; at += BlockLength)
                {
                    QuantizeQ4_0(values.Slice(at, BlockLength), stored[(at / BlockLength * type.BytesPerBlock)..]);
                }

                break;
            default:
                throw Unsupported(type);
        }
    }

    private static void DequantizeQ8_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);

        for (int i = 0; i < BlockLength; i++)
        {
            values[i] = (sbyte)block[ScaleBytes + i] * scale;
        }
    }

    private static void DequantizeQ4_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);

        for (int i = 0; i < BlockLength / 2; i++)
        {
            int pair = block[ScaleBytes + i];
            values[i] = ((pair & 15) - 8) * scale;
            values[i + (BlockLength / 2)] = ((pair >> 4) - 8) * scale;
        }
    }

    private static void QuantizeQ8_0(ReadOnlySpan<float> values, Span<byte> block)
    {
        float largest = 0;

        foreach (float value in values)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        float scale = largest / 127;
        float inverse = scale == 0 ? 0 : 1 / scale;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);

        for (int i = 0; i < BlockLength; i++)
        {
            block[ScaleBytes + i] = (byte)(sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    private static void QuantizeQ4_0(ReadOnlySpan<float> values, Span<byte> block)
    {
        float largest = 0;
        float signed = 0;

        foreach (float value in values)
        {
            if (Math.Abs(value) > largest)
            {
                largest = Math.Abs(value);
                signed = value;
            }
        }

        // The value farthest from zero becomes -8, the one step that has no opposite.
        float scale = signed / -8;
        float inverse = scale == 0 ? 0 : 1 / scale;
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)scale);

        for (int i = 0; i < BlockLength / 2; i++)
        {
            int low = Math.Min(15, (int)((values[i] * inverse) + 8.5f));
            int high = Math.Min(15, (int)((values[i + (BlockLength / 2)] * inverse) + 8.5f));
            block[ScaleBytes + i] = (byte)(low | (high << 4));
        }
    }

    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);

        // A NaN stays one: its highest fraction bit is set. Everything else goes to the nearest, ties to even.
        return float.IsNaN(value)
            ? (ushort)((bits >> 16) | 64)
            : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    private static void Check(GgmlType type, int stored, int values)
    {
        if (values % type.ElementsPerBlock != 0 || type.BytesOf(values) != stored)
        {
            throw new ArgumentException($"{stored} bytes are not {values} values of {type}.", nameof(stored));
        }
    }

    private static UnsupportedModelException Unsupported(GgmlType type)
        => new(type.ToString(), $"this type is not supported; supported are {string.Join(", ", GgmlTypes.Supported)}.");
}
