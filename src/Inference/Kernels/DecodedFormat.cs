using System.Buffers;
using Swarm.Inference.Model;

namespace Swarm.Inference.Kernels;

/// <summary>Types that no kernel multiplies as they are.</summary>
internal sealed unsafe class DecodedFormat(GgmlType type) : WeightFormat
{
    public override int UnitLength => 0;

    public override long GroupBytes(int width) => type.BytesOf(width) * RowGroup.Rows;

    public override delegate*<Product*, int, int, void> Kernel(Isa limit)
        => limit > Isa.Scalar ? &DecodedProduct.Vector : &DecodedProduct.Scalar;

    public override bool PackRows(byte* source, long rowBytes, int count, byte* tiles, int width)
    {
        int bytes = (int)type.BytesOf(width);
        float[] values = ArrayPool<float>.Shared.Rent(width);
        bool finite = true;

        for (int row = 0; row < count; row++, source += rowBytes, tiles += bytes)
        {
            var stored = new ReadOnlySpan<byte>(source, bytes);
            stored.CopyTo(new Span<byte>(tiles, bytes));
            GgmlCodec.Dequantize(type, stored, values.AsSpan(0, width));
            finite &= !values.AsSpan(0, width).ContainsAnyExceptInRange(float.MinValue, float.MaxValue);
        }

        ArrayPool<float>.Shared.Return(values);
        return finite;
    }

    public override void DecodeRow(byte* tiles, int row, int width, float* output)
    {
        int bytes = (int)type.BytesOf(width);
        var stored = new ReadOnlySpan<byte>(tiles + ((long)row * bytes), bytes);
        GgmlCodec.Dequantize(type, stored, new Span<float>(output, width));
    }
}
