using Swarm.Inference.Model.Codec;

namespace Swarm.Inference.Model;

/// <summary>Stored values to floats, bit for bit as ggml's reference does it, and floats to stored values.</summary>
public static class GgmlCodec
{
    private delegate void Decoder(ReadOnlySpan<byte> block, Span<float> values);

    private delegate void Encoder(ReadOnlySpan<float> values, Span<byte> block);

    /// <summary>Decodes whole blocks.</summary>
    /// <exception cref="UnsupportedModelException">Values of this type are no weights.</exception>
    public static void Dequantize(GgmlType type, ReadOnlySpan<byte> stored, Span<float> values)
    {
        Check(type, stored.Length, values.Length);

        switch (type)
        {
            case GgmlType.F32:
                FloatCodec.DecodeF32(stored, values);
                return;
            case GgmlType.F16:
                FloatCodec.DecodeF16(stored, values);
                return;
            case GgmlType.BF16:
                FloatCodec.DecodeBF16(stored, values);
                return;
        }

        Decoder decode = DecoderOf(type);
        int elements = type.ElementsPerBlock;
        int bytes = type.BytesPerBlock;

        for (int block = 0; block < values.Length / elements; block++)
        {
            decode(stored.Slice(block * bytes, bytes), values.Slice(block * elements, elements));
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
                FloatCodec.EncodeF32(values, stored);
                return;
            case GgmlType.F16:
                FloatCodec.EncodeF16(values, stored);
                return;
            case GgmlType.BF16:
                FloatCodec.EncodeBF16(values, stored);
                return;
        }

        Encoder encode = EncoderOf(type);
        int elements = type.ElementsPerBlock;
        int bytes = type.BytesPerBlock;

        for (int block = 0; block < values.Length / elements; block++)
        {
            encode(values.Slice(block * elements, elements), stored.Slice(block * bytes, bytes));
        }
    }

    private static Decoder DecoderOf(GgmlType type) => type switch
    {
        GgmlType.Q4_0 => ScaledDecoder.Q4_0,
        GgmlType.Q4_1 => ScaledDecoder.Q4_1,
        GgmlType.Q5_0 => ScaledDecoder.Q5_0,
        GgmlType.Q5_1 => ScaledDecoder.Q5_1,
        GgmlType.Q8_0 => ScaledDecoder.Q8_0,
        GgmlType.Q2_K => KDecoder.Q2_K,
        GgmlType.Q3_K => KDecoder.Q3_K,
        GgmlType.Q4_K => KDecoder.Q4_K,
        GgmlType.Q5_K => KDecoder.Q5_K,
        GgmlType.Q6_K => KDecoder.Q6_K,
        GgmlType.IQ4_NL => TableDecoder.IQ4_NL,
        GgmlType.IQ4_XS => TableDecoder.IQ4_XS,
        GgmlType.MXFP4 => TableDecoder.MXFP4,
        GgmlType.NVFP4 => TableDecoder.NVFP4,
        GgmlType.IQ1_S => GridDecoder.IQ1_S,
        GgmlType.IQ1_M => GridDecoder.IQ1_M,
        GgmlType.IQ2_XXS => GridDecoder.IQ2_XXS,
        GgmlType.IQ2_XS => GridDecoder.IQ2_XS,
        GgmlType.IQ2_S => GridDecoder.IQ2_S,
        GgmlType.IQ3_XXS => GridDecoder.IQ3_XXS,
        GgmlType.IQ3_S => GridDecoder.IQ3_S,
        GgmlType.TQ1_0 => FewBitsDecoder.TQ1_0,
        GgmlType.TQ2_0 => FewBitsDecoder.TQ2_0,
        GgmlType.Q1_0 => FewBitsDecoder.Q1_0,
        GgmlType.Q2_0 => FewBitsDecoder.Q2_0,
        _ => throw Unsupported(type, GgmlTypes.Supported),
    };

    private static Encoder EncoderOf(GgmlType type) => type switch
    {
        GgmlType.Q4_0 => ScaledEncoder.Q4_0,
        GgmlType.Q4_1 => ScaledEncoder.Q4_1,
        GgmlType.Q5_0 => ScaledEncoder.Q5_0,
        GgmlType.Q5_1 => ScaledEncoder.Q5_1,
        GgmlType.Q8_0 => ScaledEncoder.Q8_0,
        GgmlType.Q2_K => KEncoder.Q2_K,
        GgmlType.Q3_K => KEncoder.Q3_K,
        GgmlType.Q4_K => KEncoder.Q4_K,
        GgmlType.Q5_K => KEncoder.Q5_K,
        GgmlType.Q6_K => KEncoder.Q6_K,
        GgmlType.IQ4_NL => TableEncoder.IQ4_NL,
        GgmlType.IQ4_XS => TableEncoder.IQ4_XS,
        GgmlType.MXFP4 => TableEncoder.MXFP4,
        _ => throw Unsupported(type, GgmlTypes.Encodable),
    };

    private static void Check(GgmlType type, int stored, int values)
    {
        if (values % type.ElementsPerBlock != 0 || type.BytesOf(values) != stored)
        {
            throw new ArgumentException($"{stored} bytes are not {values} values of {type}.", nameof(stored));
        }
    }

    private static UnsupportedModelException Unsupported(GgmlType type, IReadOnlyList<GgmlType> supported)
        => new(type.ToString(), $"this type is not supported; supported are {string.Join(", ", supported)}.");
}
