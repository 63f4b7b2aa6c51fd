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

    public override bool PackRow(byte* source, byte* tiles, int row, int width)
    {
        int bytes = (int)type.BytesOf(width);
        var stored = new ReadOnlySpan<byte>(source, bytes);
        stored.CopyTo(new Span<byte>(tiles + ((long)row * bytes), bytes));
        float[] values = ArrayPool<float>.Shared.Rent(width);
        GgmlCodec.Dequantize(type, stored, values.AsSpan(0, width));
        bool finite = !values.AsSpan(0, width).ContainsAnyExceptInRange(float.MinValue, float.MaxValue);
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
