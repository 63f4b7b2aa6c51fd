namespace Swarm.Inference.Kernels;

/// <summary>Weights that are floats.</summary>
internal sealed unsafe class FloatFormat<TFormat> : WeightFormat
    where TFormat : struct, IFloatFormat
{
    public override int UnitLength => 0;

    public override long GroupBytes(int width) => FloatProduct.GroupBytes<TFormat>(width);

    public override delegate*<Product*, int, int, void> Kernel(Isa limit)
        => limit > Isa.Scalar ? &FloatProduct.Vector<TFormat> : &FloatProduct.Scalar<TFormat>;

    public override bool PackRow(byte* source, byte* tiles, int row, int width)
    {
        byte* target = tiles + (row * TFormat.Size);
        bool finite = true;

        for (int k = 0; k < width; k++)
        {
            finite &= float.IsFinite(TFormat.One(source));

            for (int i = 0; i < TFormat.Size; i++)
            {
                target[i] = source[i];
            }

            source += TFormat.Size;
            target += RowGroup.Rows * TFormat.Size;
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
