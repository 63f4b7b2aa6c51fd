using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Swarm.Inference.Model.Codec;

/// <summary>F32, F16 and BF16: values that stand alone, without a block.</summary>
internal static class FloatCodec
{
    /// <summary>Decodes 32-bit floats.</summary>
    public static void DecodeF32(ReadOnlySpan<byte> stored, Span<float> values)
        => stored.CopyTo(MemoryMarshal.AsBytes(values));

    /// <summary>Decodes 16-bit IEEE floats.</summary>
    public static void DecodeF16(ReadOnlySpan<byte> stored, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(stored[(2 * i)..]);
        }
    }

    /// <summary>Decodes the upper halves of 32-bit floats.</summary>
    public static void DecodeBF16(ReadOnlySpan<byte> stored, Span<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            uint upper = BinaryPrimitives.ReadUInt16LittleEndian(stored[(2 * i)..]);
            values[i] = BitConverter.UInt32BitsToSingle(upper << 16);
        }
    }

    /// <summary>Encodes 32-bit floats.</summary>
    public static void EncodeF32(ReadOnlySpan<float> values, Span<byte> stored)
        => MemoryMarshal.AsBytes(values).CopyTo(stored);

    /// <summary>Encodes 16-bit IEEE floats.</summary>
    public static void EncodeF16(ReadOnlySpan<float> values, Span<byte> stored)
    {
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteHalfLittleEndian(stored[(2 * i)..], (Half)values[i]);
        }
    }

    /// <summary>Encodes the upper halves of 32-bit floats.</summary>
    public static void EncodeBF16(ReadOnlySpan<float> values, Span<byte> stored)
    {
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(stored[(2 * i)..], Upper(values[i]));
        }
    }

    private static ushort Upper(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);

        // A NaN stays one: its highest fraction bit is set. Everything else goes to the nearest, ties to even.
        return float.IsNaN(value)
            ? (ushort)((bits >> 16) | 64)
            : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
