using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>What a tile does for each of its columns.</summary>
internal readonly unsafe partial struct SuperblockTile<TFormat, TDot, TInput, TSum>
{
    private static int Parts => TFormat.IsSplit ? 2 : 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSum Start(byte* pairs) => TDot.Start(pairs, TFormat.Bias);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<TGroups, TColumns>(
        int column, Vector512<byte> wa, Vector512<byte> wb, byte* x, ref TSum a, ref TSum b)
        where TGroups : struct, ICount
        where TColumns : struct, ICount
    {
        if (column < TColumns.Value)
        {
            TInput four = TDot.Spread(x + (column * sizeof(int)));
            a = TDot.Add(a, wa, four);

            if (TGroups.Value > 1)
            {
                b = TDot.Add(b, wb, four);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fold<TGroups, TColumns>(
        int column,
        Vector512<short> scaleA,
        Vector512<short> scaleB,
        TSum dotsA,
        TSum dotsB,
        ref Vector512<int> a,
        ref Vector512<int> b)
        where TGroups : struct, ICount
        where TColumns : struct, ICount
    {
        if (column < TColumns.Value)
        {
            a += TDot.Scaled(dotsA, scaleA);

            if (TGroups.Value > 1)
            {
                b += TDot.Scaled(dotsB, scaleB);
            }
        }
    }

    // x is behind the blocks: four pairs of sums, and the scale.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TSource, TGroups, TColumns>(
        int column, byte* a, byte* b, byte* x, Vector512<int> dotsA, Vector512<int> dotsB, float* sums)
        where TSource : struct, ISuperblockSource
        where TGroups : struct, ICount
        where TColumns : struct, ICount
    {
        if (column < TColumns.Value)
        {
            float* target = sums + (column * TGroups.Value * RowGroup.Rows);
            int* sumsOfX = (int*)x + column;
            Finish<TSource>(a, sumsOfX, TColumns.Value, dotsA, target);

            if (TGroups.Value > 1)
            {
                Finish<TSource>(b, sumsOfX, TColumns.Value, dotsB, target + RowGroup.Rows);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<TSource>(byte* weights, int* x, int columns, Vector512<int> dots, float* sum)
        where TSource : struct, ISuperblockSource
    {
        Vector512<float> factor = TSource.Factor(weights);
        var value = Vector512.ConvertToSingle(dots);

        if (TFormat.MinimumLength > 0)
        {
            Vector512<int> least = TFormat.MinimumLength == 32
                ? Least<TSource>(weights, x, columns)
                : LeastOfSixteens<TSource>(weights, x, columns);
            Vector512<float> taken = TSource.MinimumFactor(weights) * Vector512.ConvertToSingle(least);
            value = Vector512.FusedMultiplyAdd(value, factor, -taken);
        }
        else
        {
            value *= factor;
        }

        var scale = Vector512.Create(((float*)x)[4 * columns]);
        Vector512.FusedMultiplyAdd(value, scale, Vector512.Load(sum)).Store(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Least<TSource>(byte* weights, int* x, int columns)
        where TSource : struct, ISuperblockSource
        => Pairs(TSource.Minimums(weights, 0), x[0])
            + Pairs(TSource.Minimums(weights, 1), x[columns])
            + (Pairs(TSource.Minimums(weights, 2), x[2 * columns])
                + Pairs(TSource.Minimums(weights, 3), x[3 * columns]));

    // Each block's two pairs of sums, which are negative, lie behind its eight groups of values.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> LeastOfSixteens<TSource>(byte* weights, int* x, int columns)
        where TSource : struct, ISuperblockSource
    {
        Vector512<int> least = Vector512<int>.Zero;

        for (int i = 0; i < 16; i++)
        {
            least -= Pairs(TSource.Minimums(weights, i), x[((i / 2 * 10) + (i % 2) - 72) * columns]);
        }

        return least;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Pairs(Vector512<short> minimums, int sumsOfX)
        => PairDot.Of(minimums, Vector512.Create(sumsOfX).AsInt16());
}
