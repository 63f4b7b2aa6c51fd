namespace Swarm.Inference.Kernels;

/// <summary>
/// Weights with 32 values to a scale times activations quantized likewise. One formula for every format: block after
/// block, <c>sum = fma(float(dot), weightScale * scale, sum)</c> with an exact integer dot, then, where there is a
/// minimum, <c>sum = fma(float(sumOfActivations), weightMinimum * scale, sum)</c>.
/// </summary>
internal static unsafe class BlockProduct<TFormat>
    where TFormat : struct, IBlockFormat
{
    /// <summary>The specification.</summary>
    public static void Scalar(Product* product, int firstGroup, int lastGroup)
    {
        int blocks = product->Width / QuantizedBlock.Length;
        byte* weights = stackalloc byte[UnpackedBlocks<TFormat>.Bytes];

        for (int group = firstGroup; group < lastGroup; group++)
        {
            byte* tiles = product->Tiles + (group * PackedBlocks<TFormat>.GroupBytes(product->Width));
            int rows = Math.Min(RowGroup.Rows, product->Rows - (group * RowGroup.Rows));

            for (int block = 0; block < blocks; block++)
            {
                UnpackedBlocks<TFormat>.Fill(tiles, block, 1, weights);

                for (int column = 0; column < product->Columns; column++)
                {
                    var x = new QuantizedUnit(product, QuantizedBlock.Length, column, block);
                    float* sums = product->Output + ((long)column * product->OutputStride) + (group * RowGroup.Rows);

                    for (int row = 0; row < rows; row++)
                    {
                        sums[row] = Add(weights, row, x, block == 0 ? 0 : sums[row]);
                    }
                }
            }
        }
    }

    /// <summary>Value <paramref name="k"/> of a row of an unpacked block.</summary>
    public static int Value(byte* weights, int row, int k)
    {
        (nint _, nint lines) = UnpackedBlocks<TFormat>.Place(0);
        return weights[lines + (k / 4 * Bits.LineBytes) + (row * 4) + (k % 4)] - TFormat.Bias;
    }

    private static float Add(byte* weights, int row, QuantizedUnit x, float sum)
    {
        int dot = 0;
        int sumOfActivations = 0;

        for (int k = 0; k < QuantizedBlock.Length; k++)
        {
            dot += Value(weights, row, k) * x.Value(k);
            sumOfActivations += x.Value(k);
        }

        sum = MathF.FusedMultiplyAdd(dot, UnpackedBlocks<TFormat>.Scale(weights)[row] * x.Scale, sum);
        return TFormat.HasMinimum
            ? MathF.FusedMultiplyAdd(sumOfActivations, UnpackedBlocks<TFormat>.Minimum(weights)[row] * x.Scale, sum)
            : sum;
    }
}
