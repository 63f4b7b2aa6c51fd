using System.Buffers.Binary;

namespace Swarm.Inference.Model.Codec;

/// <summary>Values into nibbles that index a table: what <see cref="TableDecoder"/> reads.</summary>
internal static class TableEncoder
{
    private const int Length = 32;

    // Where in the table a level stands.
    private static readonly byte[] Codes = CodesOf(TableDecoder.Uneven);

    public static void IQ4_NL(ReadOnlySpan<float> values, Span<byte> block)
    {
        float scale = SmallFloat.Nearest(SignedFit.FitGroup(default(UnevenLevels), values));
        SmallFloat.Write(block, scale);
        WriteNibbles(values, SmallFloat.Inverse(scale), block[2..]);
    }

    public static void IQ4_XS(ReadOnlySpan<float> values, Span<byte> block)
    {
        Span<int> scales = stackalloc int[8];
        float scale = SignedFit.Fit(default(UnevenLevels), values, -32, scales);
        block.Clear();
        SmallFloat.Write(block, scale);
        int upper = 0;

        for (int group = 0; group < scales.Length; group++)
        {
            int stored = scales[group] + 32;
            block[4 + (group / 2)] |= (byte)((stored & 15) << (group % 2 * 4));
            upper |= (stored >> 4) << (2 * group);
            ReadOnlySpan<float> part = values.Slice(group * Length, Length);
            WriteNibbles(part, SmallFloat.Inverse(scale * scales[group]), block[(8 + (group * Length / 2))..]);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(block[2..], (ushort)upper);
    }

    /// <summary>The power of two that errs least, among those that can reach the farthest value.</summary>
    public static void MXFP4(ReadOnlySpan<float> values, Span<byte> block)
    {
        float farthest = 0;

        foreach (float value in values)
        {
            farthest = Math.Max(farthest, Math.Abs(value));
        }

        // The largest four-bit float is 6, so the farthest value has up to two more powers of two than the scale.
        int exponent = farthest == 0 ? 0 : Math.ILogB(farthest) - 2 + 127;
        double errorMin = double.PositiveInfinity;
        Span<byte> tried = stackalloc byte[1 + (Length / 2)];
        Span<float> decoded = stackalloc float[Length];

        for (int near = exponent - 1; near <= exponent + 1; near++)
        {
            tried[0] = (byte)Math.Clamp(near, 0, 254);
            WriteFourBitFloats(values, TableDecoder.HalfPowerOfTwo(tried[0]), tried[1..]);
            TableDecoder.MXFP4(tried, decoded);
            double error = 0;

            for (int i = 0; i < Length; i++)
            {
                double off = (double)decoded[i] - values[i];
                error += off * off;
            }

            if (error < errorMin)
            {
                errorMin = error;
                tried.CopyTo(block);
            }
        }
    }

    private static void WriteFourBitFloats(ReadOnlySpan<float> values, float scale, Span<byte> quants)
    {
        ReadOnlySpan<sbyte> steps = TableDecoder.FourBitFloats[..8];
        quants.Clear();

        for (int i = 0; i < Length; i++)
        {
            float size = Math.Abs(values[i]) / scale;
            int code = 0;

            while (code < 7 && size > (steps[code] + steps[code + 1]) / 2f)
            {
                code++;
            }

            code |= values[i] < 0 && code > 0 ? 8 : 0;
            quants[i % (Length / 2)] |= (byte)(code << (i / (Length / 2) * 4));
        }
    }

    private static void WriteNibbles(ReadOnlySpan<float> values, float inverse, Span<byte> quants)
    {
        Span<int> levels = stackalloc int[Length];
        GroupSums.Write(default(UnevenLevels), values, 0, inverse, levels);

        for (int i = 0; i < Length / 2; i++)
        {
            quants[i] = (byte)(Codes[(byte)levels[i]] | (Codes[(byte)levels[i + (Length / 2)]] << 4));
        }
    }

    private static byte[] CodesOf(ReadOnlySpan<sbyte> levels)
    {
        byte[] codes = new byte[256];

        for (int code = 0; code < levels.Length; code++)
        {
            codes[(byte)levels[code]] = (byte)code;
        }

        return codes;
    }
}
