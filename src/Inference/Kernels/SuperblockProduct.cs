namespace Swarm.Inference.Kernels;

/// <summary>
/// Weights with 256 values to a scale times activations quantized likewise. One formula for every format, superblock
/// after superblock: the integer <c>dots</c> is the sum of all (value - bias) · activation · small scale,
/// <c>least</c> that of all small minimum · activation, both exact; then, rounding where a float is written,
/// <c>sum = fma(fma(float(dots), factor, -(minimumFactor · float(least))), scale, sum)</c>, or, for formats without
/// minimums, <c>sum = fma(float(dots) · factor, scale, sum)</c>.
/// </summary>
internal static unsafe class SuperblockProduct<TFormat>
    where TFormat : struct, ISuperblockFormat
{
    /// <summary>Bytes of one group of sixteen rows.</summary>
    public static long GroupBytes(int width)
        => (long)(width / QuantizedBlock.LengthMax) * PackedSuperblocks<TFormat>.Bytes;

    /// <summary>The specification.</summary>
    public static void Scalar(Product* product, int firstGroup, int lastGroup)
    {
        int units = product->Width / QuantizedBlock.LengthMax;
        byte* weights = stackalloc byte[UnpackedSuperblocks<TFormat>.Bytes];

        for (int group = firstGroup; group < lastGroup; group++)
        {
            byte* tiles = product->Tiles + (group * GroupBytes(product->Width));
            int rows = Math.Min(RowGroup.Rows, product->Rows - (group * RowGroup.Rows));

            for (int unit = 0; unit < units; unit++, tiles += PackedSuperblocks<TFormat>.Bytes)
            {
                UnpackedSuperblocks<TFormat>.Fill(tiles, 1, weights);

                for (int column = 0; column < product->Columns; column++)
                {
                    var x = new QuantizedUnit(product, QuantizedBlock.LengthMax, column, unit);
                    float* sums = product->Output + ((long)column * product->OutputStride) + (group * RowGroup.Rows);

                    for (int row = 0; row < rows; row++)
                    {
                        sums[row] = Add(weights, row, x, unit == 0 ? 0 : sums[row]);
                    }
                }
            }
        }
    }

    /// <summary>Value <paramref name="k"/> of a row of an unpacked superblock.</summary>
    public static int Value(byte* weights, int row, int k)
    {
        byte* lines = UnpackedSuperblocks<TFormat>.Lines(weights, 0);
        return lines[(k / 4 * Bits.LineBytes) + (row * 4) + (k % 4)] - TFormat.Bias;
    }

    /// <summary>The small scale of value <paramref name="k"/>.</summary>
    public static int Scale(byte* weights, int row, int k)
        => UnpackedSuperblocks<TFormat>.Scale(weights, TFormat.IsSplit ? k / 16 : k / 32 * 2)[2 * row];

    /// <summary>The small minimum of value <paramref name="k"/>.</summary>
    public static int Minimum(byte* weights, int row, int k)
        => TFormat.MinimumLength == 16
            ? UnpackedSuperblocks<TFormat>.Minimums(weights, k / 16)[2 * row]
            : UnpackedSuperblocks<TFormat>.Minimums(weights, k / 64)[(2 * row) + (k / 32 % 2)];

    private static float Add(byte* weights, int row, QuantizedUnit x, float sum)
    {
        int dots = 0;
        int least = 0;

        for (int k = 0; k < QuantizedBlock.LengthMax; k++)
        {
            dots += Value(weights, row, k) * x.Value(k) * Scale(weights, row, k);
            least += TFormat.MinimumLength > 0 ? Minimum(weights, row, k) * x.Value(k) : 0;
        }

        float factor = UnpackedSuperblocks<TFormat>.Factor(weights)[row];

        if (TFormat.MinimumLength == 0)
        {
            return MathF.FusedMultiplyAdd(dots * factor, x.Scale, sum);
        }

        float taken = UnpackedSuperblocks<TFormat>.MinimumFactor(weights)[row] * least;
        return MathF.FusedMultiplyAdd(MathF.FusedMultiplyAdd(dots, factor, -taken), x.Scale, sum);
    }
}
