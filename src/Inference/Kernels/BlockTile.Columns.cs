using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>What a tile does for each of its columns.</summary>
internal readonly unsafe partial struct BlockTile<TFormat, TDot, TInput, TSum>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Held<TGroups, TColumns>(float* sums, int column, int group)
        where TGroups : struct, ICount
        where TColumns : struct, ICount
        => TDot.HoldsSums && column < TColumns.Value && group < TGroups.Value
            ? Vector512.Load(sums + (((column * TGroups.Value) + group) * RowGroup.Rows))
            : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Hold<TGroups, TColumns>(float* sums, int column, Vector512<float> a, Vector512<float> b)
        where TGroups : struct, ICount
        where TColumns : struct, ICount
    {
        if (TDot.HoldsSums && column < TColumns.Value)
        {
            a.Store(sums + (column * TGroups.Value * RowGroup.Rows));

            if (TGroups.Value > 1)
            {
                b.Store(sums + (((column * TGroups.Value) + 1) * RowGroup.Rows));
            }
        }
    }

    // sum = fma(factor, scale, sum), wherever the sum is.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(Vector512<float> factor, Vector512<float> scale, float* sums, ref Vector512<float> sum)
    {
        if (TDot.HoldsSums)
        {
            sum = Vector512.FusedMultiplyAdd(factor, scale, sum);
        }
        else
        {
            Vector512.FusedMultiplyAdd(factor, scale, Vector512.Load(sums)).Store(sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TSum Start<TSource>(byte* pairs)
        where TSource : struct, IBlockSource
        => TDot.Start(pairs, TSource.Bias);

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
        Vector512<float> scaleA,
        Vector512<float> scaleB,
        byte* x,
        TSum dotsA,
        TSum dotsB,
        float* sums,
        ref Vector512<float> a,
        ref Vector512<float> b)
        where TGroups : struct, ICount
        where TColumns : struct, ICount
    {
        if (column < TColumns.Value)
        {
            var scale = Vector512.Create(((float*)x)[column]);
            sums += column * TGroups.Value * RowGroup.Rows;
            AddTo(Vector512.ConvertToSingle(TDot.Total(dotsA)), scaleA * scale, sums, ref a);

            if (TGroups.Value > 1)
            {
                AddTo(Vector512.ConvertToSingle(TDot.Total(dotsB)), scaleB * scale, sums + RowGroup.Rows, ref b);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Raise<TGroups, TColumns, TPanel>(
        int column,
        Vector512<float> leastA,
        Vector512<float> leastB,
        byte* x,
        float* sums,
        ref Vector512<float> a,
        ref Vector512<float> b)
        where TGroups : struct, ICount
        where TColumns : struct, ICount
        where TPanel : struct, ICount
    {
        if (column < TColumns.Value)
        {
            var scale = Vector512.Create(((float*)x)[column]);
            short* pairs = (short*)x + (2 * (column + TPanel.Value));
            var sum = Vector512.Create((float)-(pairs[0] + pairs[1]));
            sums += column * TGroups.Value * RowGroup.Rows;
            AddTo(sum, leastA * scale, sums, ref a);

            if (TGroups.Value > 1)
            {
                AddTo(sum, leastB * scale, sums + RowGroup.Rows, ref b);
            }
        }
    }
}
