using System.Runtime.CompilerServices;

namespace Swarm.Inference.Kernels;

/// <summary>Weights that are floats.</summary>
internal sealed unsafe class FloatFormat<TFormat> : WeightFormat
    where TFormat : struct, IFloatFormat
{
    public override int UnitLength => 0;

    public override long GroupBytes(int width) => FloatProduct.GroupBytes<TFormat>(width);

    public override delegate*<Product*, int, int, void> Kernel(Isa limit)
        => limit > Isa.Scalar ? &FloatProduct.Vector<TFormat> : &FloatProduct.Scalar<TFormat>;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override bool PackRows(byte* source, long rowBytes, int count, byte* tiles, int width)
    {
        bool finite = true;

        for (int k = 0; k < width; k++)
        {
            byte* number = source + (k * TFormat.Size);

            for (int row = 0; row < count; row++, number += rowBytes, tiles += TFormat.Size)
            {
                finite &= TFormat.IsFinite(number);
                Unsafe.CopyBlockUnaligned(tiles, number, (uint)TFormat.Size);
            }

            tiles += (RowGroup.Rows - count) * TFormat.Size;
        }

        return finite;
    }

    public override void DecodeRow(byte* tiles, int row, int width, float* output)
    {
        for (int k = 0; k < width; k++)
        {
            output[k] = TFormat.One(tiles + ((((long)k * RowGroup.Rows) + row) * TFormat.Size));
        }
    }
}
