using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// One position of the gated delta rule for one head: its matrix fades, is corrected towards the new value, and is
/// asked. With S the matrix, a row for each element of a key:
/// <c>S ← decay · S; d = rate · (v - Σ k_i · S_i); S_i ← fma(k_i, d, S_i); o = Σ q_i · S_i</c>, the sums ascending and
/// fused. Each column of S on its own, so that any width of vector gives the same bits.
/// </summary>
internal static unsafe class DeltaRule
{
    /// <summary>Computes one position.</summary>
    public static void Step(
        float* matrix, float* query, float* key, float* value, float decay, float rate, int keySize, int valueSize,
        float* output)
    {
        int column = 0;

        for (; column + 16 <= valueSize; column += 16)
        {
            Sixteen(
                matrix + column, query, key, Vector512.Load(value + column), decay, rate, keySize, valueSize,
                output + column);
        }

        for (; column < valueSize; column++)
        {
            One(matrix + column, query, key, value[column], decay, rate, keySize, valueSize, output + column);
        }
    }

    private static void Sixteen(
        float* matrix, float* query, float* key, Vector512<float> value, float decay, float rate, int rows, int stride,
        float* output)
    {
        Vector512<float> known = Vector512<float>.Zero;
        Vector512<float> sum = Vector512<float>.Zero;
        var faded = Vector512.Create(decay);
        float* row = matrix;

        for (int i = 0; i < rows; i++, row += stride)
        {
            Vector512<float> kept = Vector512.Load(row) * faded;
            kept.Store(row);
            known = Vector512.FusedMultiplyAdd(Vector512.Create(key[i]), kept, known);
        }

        Vector512<float> correction = (value - known) * Vector512.Create(rate);
        row = matrix;

        for (int i = 0; i < rows; i++, row += stride)
        {
            var kept = Vector512.FusedMultiplyAdd(Vector512.Create(key[i]), correction, Vector512.Load(row));
            kept.Store(row);
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(query[i]), kept, sum);
        }

        sum.Store(output);
    }

    private static void One(
        float* matrix, float* query, float* key, float value, float decay, float rate, int rows, int stride,
        float* output)
    {
        float known = 0;
        float sum = 0;
        float* row = matrix;

        for (int i = 0; i < rows; i++, row += stride)
        {
            *row *= decay;
            known = MathF.FusedMultiplyAdd(key[i], *row, known);
        }

        float correction = (value - known) * rate;
        row = matrix;

        for (int i = 0; i < rows; i++, row += stride)
        {
            *row = MathF.FusedMultiplyAdd(key[i], correction, *row);
            sum = MathF.FusedMultiplyAdd(query[i], *row, sum);
        }

        *output = sum;
    }
}
