using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>What a tile does for each of its columns.</summary>
internal readonly unsafe partial struct SuperblockTile<TFormat, TDot, TInput, TSum>
{
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Keep<TGroups, TColumns>(int column, Vector512<int> a, Vector512<int> b, int* dots)
        where TGroups : struct, ICount
        where TColumns : struct, ICount
    {
        if (column < TColumns.Value)
        {
            a.Store(dots + (column * TGroups.Value * RowGroup.Rows));

            if (TGroups.Value > 1)
            {
                b.Store(dots + (((column * TGroups.Value) + 1) * RowGroup.Rows));
            }
        }
    }
}
