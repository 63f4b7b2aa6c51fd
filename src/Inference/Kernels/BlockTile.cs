using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Tiles of formats with 32 values to a scale (see <see cref="BlockProduct{TFormat}"/> for the formula). A lane is a
/// row, so every tile, whatever its size, computes the same bits.
/// </summary>
internal readonly unsafe partial struct BlockTile<TFormat, TDot, TInput, TSum> : ITile
    where TFormat : struct, IBlockFormat
    where TDot : struct, IByteDot<TInput, TSum>
    where TInput : struct
    where TSum : struct
{
    public static int UnitLength => QuantizedBlock.Length;

    public static int ColumnsPacked => 32;

    public static int UnpackedBytes => UnpackedBlocks<TFormat>.Bytes;

    public static int Groups => TDot.Groups;

    public static long GroupBytes(int width) => PackedBlocks<TFormat>.GroupBytes(width);

    public static void Unpack(byte* group, int units, byte* target)
        => UnpackedBlocks<TFormat>.Fill(group, 0, units, target);

    public static void Packed(byte* group, byte* x, int units, int columns, float* sums)
        => Run<PackedBlocks<TFormat>, Count.One>(group, group, x, units, columns, sums);

    public static void Unpacked(byte* first, byte* second, byte* x, int units, int columns, float* sums)
    {
        if (first == second)
        {
            Run<UnpackedBlocks<TFormat>, Count.One>(first, second, x, units, columns, sums);
        }
        else
        {
            Run<UnpackedBlocks<TFormat>, Count.Two>(first, second, x, units, columns, sums);
        }
    }

    private static void Run<TSource, TGroups>(
        byte* first, byte* second, byte* x, int blocks, int columns, float* sums)
        where TSource : struct, IBlockSource
        where TGroups : struct, ICount
    {
        switch (columns)
        {
            case 1:
                Run<TSource, TGroups, Count.One, Count.One>(first, second, x, blocks, sums);
                break;
            case 2:
                Run<TSource, TGroups, Count.Two, Count.Two>(first, second, x, blocks, sums);
                break;
            case 3:
                Run<TSource, TGroups, Count.Three, Count.Three>(first, second, x, blocks, sums);
                break;
            case 4:
                Panel<TSource, TGroups, Count.Four, Count.One>(first, second, x, blocks, sums);
                break;
            case 5:
                Panel<TSource, TGroups, Count.Five, Count.Two>(first, second, x, blocks, sums);
                break;
            default:
                Panel<TSource, TGroups, Count.Six, Count.Three>(first, second, x, blocks, sums);
                break;
        }
    }

    // A panel at once or, where registers would not hold its sums, three columns and then the rest.
    private static void Panel<TSource, TGroups, TPanel, TRest>(
        byte* first, byte* second, byte* x, int blocks, float* sums)
        where TSource : struct, IBlockSource
        where TGroups : struct, ICount
        where TPanel : struct, ICount
        where TRest : struct, ICount
    {
        if (TDot.HoldsPanel)
        {
            Run<TSource, TGroups, TPanel, TPanel>(first, second, x, blocks, sums);
        }
        else
        {
            int done = TPanel.Value - TRest.Value;
            Run<TSource, TGroups, Count.Three, TPanel>(first, second, x, blocks, sums);
            x += done * sizeof(int);
            sums += done * TGroups.Value * RowGroup.Rows;
            Run<TSource, TGroups, TRest, TPanel>(first, second, x, blocks, sums);
        }
    }

    // One source for one to six columns of a panel, and one or two groups: the compiler drops what a count excludes.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TSource, TGroups, TColumns, TPanel>(byte* a, byte* b, byte* x, int blocks, float* sums)
        where TSource : struct, IBlockSource
        where TGroups : struct, ICount
        where TColumns : struct, ICount
        where TPanel : struct, ICount
    {
        int step = TPanel.Value * sizeof(int);
        Vector512<float> a0 = Held<TGroups, TColumns>(sums, 0, 0), b0 = Held<TGroups, TColumns>(sums, 0, 1);
        Vector512<float> a1 = Held<TGroups, TColumns>(sums, 1, 0), b1 = Held<TGroups, TColumns>(sums, 1, 1);
        Vector512<float> a2 = Held<TGroups, TColumns>(sums, 2, 0), b2 = Held<TGroups, TColumns>(sums, 2, 1);
        Vector512<float> a3 = Held<TGroups, TColumns>(sums, 3, 0), b3 = Held<TGroups, TColumns>(sums, 3, 1);
        Vector512<float> a4 = Held<TGroups, TColumns>(sums, 4, 0), b4 = Held<TGroups, TColumns>(sums, 4, 1);
        Vector512<float> a5 = Held<TGroups, TColumns>(sums, 5, 0), b5 = Held<TGroups, TColumns>(sums, 5, 1);

        for (int block = 0; block < blocks; block++)
        {
            (nint heads, nint lines) = TSource.Place(block);
            byte* pairs = x + (9 * step);
            TSum s0 = Start<TSource>(pairs), s1 = Start<TSource>(pairs + 4), s2 = Start<TSource>(pairs + 8);
            TSum s3 = Start<TSource>(pairs + 12), s4 = Start<TSource>(pairs + 16), s5 = Start<TSource>(pairs + 20);
            TSum t0 = s0, t1 = s1, t2 = s2, t3 = s3, t4 = s4, t5 = s5;
            Prefetch.FewLines(a + lines + Prefetch.Distance, TSource.LinesAhead);

            for (int pair = 0; pair < 4; pair++)
            {
                Vector512<byte> wa = TSource.Sixteen(a + lines, pair, 0);
                Vector512<byte> wb = TGroups.Value > 1 ? TSource.Sixteen(b + lines, pair, 0) : wa;
                Add<TGroups, TColumns>(0, wa, wb, x, ref s0, ref t0);
                Add<TGroups, TColumns>(1, wa, wb, x, ref s1, ref t1);
                Add<TGroups, TColumns>(2, wa, wb, x, ref s2, ref t2);
                Add<TGroups, TColumns>(3, wa, wb, x, ref s3, ref t3);
                Add<TGroups, TColumns>(4, wa, wb, x, ref s4, ref t4);
                Add<TGroups, TColumns>(5, wa, wb, x, ref s5, ref t5);
                x += step;
                wa = TSource.Sixteen(a + lines, pair, 1);
                wb = TGroups.Value > 1 ? TSource.Sixteen(b + lines, pair, 1) : wa;
                Add<TGroups, TColumns>(0, wa, wb, x, ref s0, ref t0);
                Add<TGroups, TColumns>(1, wa, wb, x, ref s1, ref t1);
                Add<TGroups, TColumns>(2, wa, wb, x, ref s2, ref t2);
                Add<TGroups, TColumns>(3, wa, wb, x, ref s3, ref t3);
                Add<TGroups, TColumns>(4, wa, wb, x, ref s4, ref t4);
                Add<TGroups, TColumns>(5, wa, wb, x, ref s5, ref t5);
                x += step;
            }

            Vector512<float> scaleA = TSource.Scale(a + heads);
            Vector512<float> scaleB = TGroups.Value > 1 ? TSource.Scale(b + heads) : scaleA;
            Fold<TGroups, TColumns>(0, scaleA, scaleB, x, s0, t0, sums, ref a0, ref b0);
            Fold<TGroups, TColumns>(1, scaleA, scaleB, x, s1, t1, sums, ref a1, ref b1);
            Fold<TGroups, TColumns>(2, scaleA, scaleB, x, s2, t2, sums, ref a2, ref b2);
            Fold<TGroups, TColumns>(3, scaleA, scaleB, x, s3, t3, sums, ref a3, ref b3);
            Fold<TGroups, TColumns>(4, scaleA, scaleB, x, s4, t4, sums, ref a4, ref b4);
            Fold<TGroups, TColumns>(5, scaleA, scaleB, x, s5, t5, sums, ref a5, ref b5);

            if (TSource.HasMinimum)
            {
                Vector512<float> leastA = TSource.Minimum(a + heads);
                Vector512<float> leastB = TGroups.Value > 1 ? TSource.Minimum(b + heads) : leastA;
                Raise<TGroups, TColumns, TPanel>(0, leastA, leastB, x, sums, ref a0, ref b0);
                Raise<TGroups, TColumns, TPanel>(1, leastA, leastB, x, sums, ref a1, ref b1);
                Raise<TGroups, TColumns, TPanel>(2, leastA, leastB, x, sums, ref a2, ref b2);
                Raise<TGroups, TColumns, TPanel>(3, leastA, leastB, x, sums, ref a3, ref b3);
                Raise<TGroups, TColumns, TPanel>(4, leastA, leastB, x, sums, ref a4, ref b4);
                Raise<TGroups, TColumns, TPanel>(5, leastA, leastB, x, sums, ref a5, ref b5);
            }

            x += 2 * step;
        }

        Hold<TGroups, TColumns>(sums, 0, a0, b0);
        Hold<TGroups, TColumns>(sums, 1, a1, b1);
        Hold<TGroups, TColumns>(sums, 2, a2, b2);
        Hold<TGroups, TColumns>(sums, 3, a3, b3);
        Hold<TGroups, TColumns>(sums, 4, a4, b4);
        Hold<TGroups, TColumns>(sums, 5, a5, b5);
    }
}
