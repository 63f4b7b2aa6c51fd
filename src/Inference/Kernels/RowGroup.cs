using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Sixteen rows whose results are one vector; the last group of a matrix may have fewer.</summary>
internal static unsafe class RowGroup
{
    public const int Rows = 16;

    public static int CountOf(int rows) => (rows + Rows - 1) / Rows;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Product* product, int group, int column, Vector512<float> results)
    {
        int first = group * Rows;
        float* output = product->Output + ((long)column * product->OutputStride) + first;

        if (first + Rows <= product->Rows)
        {
            results.Store(output);
            return;
        }

        for (int row = first; row < product->Rows; row++)
        {
            *output++ = results[row - first];
        }
    }
}
