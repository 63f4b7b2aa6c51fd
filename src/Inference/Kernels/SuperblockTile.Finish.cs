using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Where the integers of a superblock become floats.</summary>
internal readonly unsafe partial struct SuperblockTile<TFormat, TDot, TInput, TSum>
{
    // x is behind the blocks: four pairs of sums, and the scale.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Finish<TSource, TGroups, TColumns>(byte* a, byte* b, byte* x, int* dots, float* sums)
        where TSource : struct, ISuperblockSource
        where TGroups : struct, ICount
        where TColumns : struct, ICount
    {
        Finish<TSource, TGroups, TColumns>(a, (int*)x, dots, sums);

        if (TGroups.Value > 1)
        {
            Finish<TSource, TGroups, TColumns>(b, (int*)x, dots + RowGroup.Rows, sums + RowGroup.Rows);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TSource, TGroups, TColumns>(byte* weights, int* x, int* dots, float* sums)
        where TSource : struct, ISuperblockSource
        where TGroups : struct, ICount
        where TColumns : struct, ICount
    {
        Vector512<float> factor = TSource.Factor(weights);
        Vector512<float> minimumFactor = TSource.MinimumFactor(weights);

        for (int column = 0; column < TColumns.Value; column++, x++)
        {
            int at = column * TGroups.Value * RowGroup.Rows;
            var value = Vector512.ConvertToSingle(Vector512.Load(dots + at));

            if (TFormat.MinimumLength == 0)
            {
                value *= factor;
            }
            else
            {
                Vector512<int> least = TFormat.MinimumLength == 32
                    ? Least<TSource, TColumns>(weights, x)
                    : LeastOfSixteens<TSource, TColumns>(weights, x);
                value = Vector512.FusedMultiplyAdd(
                    value, factor, -(minimumFactor * Vector512.ConvertToSingle(least)));
            }

            var scale = Vector512.Create(((float*)x)[4 * TColumns.Value]);
            Vector512.FusedMultiplyAdd(value, scale, Vector512.Load(sums + at)).Store(sums + at);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Least<TSource, TColumns>(byte* weights, int* x)
        where TSource : struct, ISuperblockSource
        where TColumns : struct, ICount
        => Pairs(TSource.Minimums(weights, 0), x[0])
            + Pairs(TSource.Minimums(weights, 1), x[TColumns.Value])
            + (Pairs(TSource.Minimums(weights, 2), x[2 * TColumns.Value])
                + Pairs(TSource.Minimums(weights, 3), x[3 * TColumns.Value]));

    // Each block's two pairs of sums, which are negative, lie behind its eight groups of values.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> LeastOfSixteens<TSource, TColumns>(byte* weights, int* x)
        where TSource : struct, ISuperblockSource
        where TColumns : struct, ICount
    {
        Vector512<int> least = Vector512<int>.Zero;

        for (int i = 0; i < 16; i++)
        {
            least -= Pairs(TSource.Minimums(weights, i), x[((i / 2 * 10) + (i % 2) - 72) * TColumns.Value]);
        }

        return least;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Pairs(Vector512<short> minimums, int sumsOfX)
        => PairDot.Of(minimums, Vector512.Create(sumsOfX).AsInt16());
}
