using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Swarm.Inference.Model;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Weights of any type times float activations, for types that no kernel multiplies as they are: rows lie as the file
/// has them, a piece of sixteen rows at a time is decoded, and multiplied as <see cref="FloatProduct"/> does:
/// <c>sum = fma(weight, activation, sum)</c> in ascending order of inputs. Bit for bit what a matrix of the decoded
/// floats gives; exact, and slow.
/// </summary>
internal static unsafe class DecodedProduct
{
    // A multiple of every type's block, small enough for sixteen rows to stay in the first cache.
    private const int Piece = 256;

    // Columns that share one decoding.
    private const int Columns = 128;

    /// <summary>The specification.</summary>
    public static void Scalar(Product* product, int firstGroup, int lastGroup)
    {
        int lastRow = Math.Min(lastGroup * RowGroup.Rows, product->Rows);
        float[] weights = new float[product->Width];

        for (int row = firstGroup * RowGroup.Rows; row < lastRow; row++)
        {
            GgmlCodec.Dequantize(product->Type, RowOf(product, row), weights);

            for (int column = 0; column < product->Columns; column++)
            {
                float* x = product->Floats + ((long)column * product->Width);
                float sum = 0;

                for (int k = 0; k < weights.Length; k++)
                {
                    sum = MathF.FusedMultiplyAdd(weights[k], x[k], sum);
                }

                product->Output[((long)column * product->OutputStride) + row] = sum;
            }
        }
    }

    /// <summary>One lane is one row.</summary>
    public static void Vector(Product* product, int firstGroup, int lastGroup)
    {
        float* lanes = stackalloc float[Piece * RowGroup.Rows];
        float* sums = stackalloc float[Columns * RowGroup.Rows];

        for (int group = firstGroup; group < lastGroup; group++)
        {
            for (int column = 0; column < product->Columns; column += Columns)
            {
                int count = Math.Min(Columns, product->Columns - column);
                new Span<float>(sums, count * RowGroup.Rows).Clear();

                for (int k = 0; k < product->Width; k += Piece)
                {
                    int width = Math.Min(Piece, product->Width - k);
                    Decode(product, group, k, width, lanes);
                    float* x = product->Floats + ((long)column * product->Width) + k;

                    for (int i = 0; i < count; i++)
                    {
                        Add(lanes, x + ((long)i * product->Width), width, sums + (i * RowGroup.Rows));
                    }
                }

                for (int i = 0; i < count; i++)
                {
                    RowGroup.Store(product, group, column + i, Vector512.Load(sums + (i * RowGroup.Rows)));
                }
            }
        }
    }

    private static void Decode(Product* product, int group, int k, int width, float* lanes)
    {
        Span<float> values = stackalloc float[width];
        int bytes = (int)product->Type.BytesOf(width);
        int first = (int)product->Type.BytesOf(k);
        int rows = Math.Min(RowGroup.Rows, product->Rows - (group * RowGroup.Rows));

        for (int row = 0; row < RowGroup.Rows; row++)
        {
            if (row < rows)
            {
                ReadOnlySpan<byte> stored = RowOf(product, (group * RowGroup.Rows) + row).Slice(first, bytes);
                GgmlCodec.Dequantize(product->Type, stored, values);
            }
            else
            {
                values.Clear();
            }

            for (int i = 0; i < width; i++)
            {
                lanes[(i * RowGroup.Rows) + row] = values[i];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(float* lanes, float* x, int width, float* sums)
    {
        var sum = Vector512.Load(sums);

        for (int i = 0; i < width; i++)
        {
            var sixteen = Vector512.Load(lanes + (i * RowGroup.Rows));
            sum = Vector512.FusedMultiplyAdd(sixteen, Vector512.Create(x[i]), sum);
        }

        sum.Store(sums);
    }

    private static ReadOnlySpan<byte> RowOf(Product* product, int row)
    {
        int bytes = (int)product->Type.BytesOf(product->Width);
        return new ReadOnlySpan<byte>(product->Tiles + ((long)row * bytes), bytes);
    }
}
