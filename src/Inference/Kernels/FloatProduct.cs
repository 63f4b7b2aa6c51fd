using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Float weights times float activations: <c>sum = fma(weight, activation, sum)</c> in ascending order of inputs.
/// Packed, the weights of sixteen rows lie side by side, input after input.
/// </summary>
internal static unsafe class FloatProduct
{
    /// <summary>Bytes of one group of sixteen rows.</summary>
    public static long GroupBytes<TFormat>(int width)
        where TFormat : struct, IFloatFormat
        => (long)width * RowGroup.Rows * TFormat.Size;

    /// <summary>The specification.</summary>
    public static void Scalar<TFormat>(Product* product, int firstGroup, int lastGroup)
        where TFormat : struct, IFloatFormat
    {
        int lastRow = Math.Min(lastGroup * RowGroup.Rows, product->Rows);

        for (int row = firstGroup * RowGroup.Rows; row < lastRow; row++)
        {
            byte* weights = product->Tiles
                + (row / RowGroup.Rows * GroupBytes<TFormat>(product->Width))
                + (row % RowGroup.Rows * TFormat.Size);

            for (int column = 0; column < product->Columns; column++)
            {
                float* x = product->Floats + ((long)column * product->Width);
                float sum = 0;

                for (int k = 0; k < product->Width; k++)
                {
                    sum = MathF.FusedMultiplyAdd(TFormat.One(weights + (k * RowGroup.Rows * TFormat.Size)), x[k], sum);
                }

                product->Output[((long)column * product->OutputStride) + row] = sum;
            }
        }
    }

    /// <summary>One lane is one row; four independent sums at a time, of four columns or of four groups.</summary>
    public static void Vector<TFormat>(Product* product, int firstGroup, int lastGroup)
        where TFormat : struct, IFloatFormat
    {
        int column = 0;

        for (; column + 4 <= product->Columns; column += 4)
        {
            for (int group = firstGroup; group < lastGroup; group++)
            {
                FourColumns<TFormat>(product, group, column);
            }
        }

        for (; column < product->Columns; column++)
        {
            int group = firstGroup;

            for (; group + 4 <= lastGroup; group += 4)
            {
                FourGroups<TFormat>(product, group, column);
            }

            for (; group < lastGroup; group++)
            {
                OneGroup<TFormat>(product, group, column);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourColumns<TFormat>(Product* product, int group, int column)
        where TFormat : struct, IFloatFormat
    {
        int width = product->Width;
        byte* weights = product->Tiles + (group * GroupBytes<TFormat>(width));
        float* x = product->Floats + ((long)column * width);
        Vector512<float> sum0 = Vector512<float>.Zero;
        Vector512<float> sum1 = Vector512<float>.Zero;
        Vector512<float> sum2 = Vector512<float>.Zero;
        Vector512<float> sum3 = Vector512<float>.Zero;

        for (int k = 0; k < width; k++)
        {
            Vector512<float> sixteen = TFormat.Sixteen(weights);
            sum0 = Vector512.FusedMultiplyAdd(sixteen, Vector512.Create(x[k]), sum0);
            sum1 = Vector512.FusedMultiplyAdd(sixteen, Vector512.Create(x[k + width]), sum1);
            sum2 = Vector512.FusedMultiplyAdd(sixteen, Vector512.Create(x[k + (2 * width)]), sum2);
            sum3 = Vector512.FusedMultiplyAdd(sixteen, Vector512.Create(x[k + (3 * width)]), sum3);
            weights += RowGroup.Rows * TFormat.Size;
        }

        RowGroup.Store(product, group, column, sum0);
        RowGroup.Store(product, group, column + 1, sum1);
        RowGroup.Store(product, group, column + 2, sum2);
        RowGroup.Store(product, group, column + 3, sum3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourGroups<TFormat>(Product* product, int group, int column)
        where TFormat : struct, IFloatFormat
    {
        int width = product->Width;
        long groupBytes = GroupBytes<TFormat>(width);
        byte* weights = product->Tiles + (group * groupBytes);
        float* x = product->Floats + ((long)column * width);
        Vector512<float> sum0 = Vector512<float>.Zero;
        Vector512<float> sum1 = Vector512<float>.Zero;
        Vector512<float> sum2 = Vector512<float>.Zero;
        Vector512<float> sum3 = Vector512<float>.Zero;

        for (int k = 0; k < width; k++)
        {
            var one = Vector512.Create(x[k]);
            sum0 = Vector512.FusedMultiplyAdd(TFormat.Sixteen(weights), one, sum0);
            sum1 = Vector512.FusedMultiplyAdd(TFormat.Sixteen(weights + groupBytes), one, sum1);
            sum2 = Vector512.FusedMultiplyAdd(TFormat.Sixteen(weights + (2 * groupBytes)), one, sum2);
            sum3 = Vector512.FusedMultiplyAdd(TFormat.Sixteen(weights + (3 * groupBytes)), one, sum3);
            weights += RowGroup.Rows * TFormat.Size;
        }

        RowGroup.Store(product, group, column, sum0);
        RowGroup.Store(product, group + 1, column, sum1);
        RowGroup.Store(product, group + 2, column, sum2);
        RowGroup.Store(product, group + 3, column, sum3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneGroup<TFormat>(Product* product, int group, int column)
        where TFormat : struct, IFloatFormat
    {
        byte* weights = product->Tiles + (group * GroupBytes<TFormat>(product->Width));
        float* x = product->Floats + ((long)column * product->Width);
        Vector512<float> sum = Vector512<float>.Zero;

        for (int k = 0; k < product->Width; k++)
        {
            sum = Vector512.FusedMultiplyAdd(TFormat.Sixteen(weights), Vector512.Create(x[k]), sum);
            weights += RowGroup.Rows * TFormat.Size;
        }

        RowGroup.Store(product, group, column, sum);
    }
}
