using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Tiles of formats with 256 values to a scale (see <see cref="SuperblockProduct{TFormat}"/> for the formula). A lane
/// is a row, so every tile, whatever its size, computes the same bits.
/// </summary>
internal readonly unsafe partial struct SuperblockTile<TFormat, TDot, TInput, TSum> : ITile
    where TFormat : struct, ISuperblockFormat
    where TDot : struct, IByteDot<TInput, TSum>
    where TInput : struct
    where TSum : struct
{
    public static int UnitLength => QuantizedBlock.LengthMax;

    public static int ColumnsPacked => 24;

    public static int UnpackedBytes => UnpackedSuperblocks<TFormat>.Bytes;

    public static int Groups => TDot.Groups;

    public static long GroupBytes(int width) => SuperblockProduct<TFormat>.GroupBytes(width);

    public static void Unpack(byte* group, int units, byte* target)
        => UnpackedSuperblocks<TFormat>.Fill(group, units, target);

    public static void Packed(byte* group, byte* x, int units, int columns, float* sums)
        => Run<PackedSuperblocks<TFormat>, Count.One>(group, group, x, units, columns, sums);

    public static void Unpacked(byte* first, byte* second, byte* x, int units, int columns, float* sums)
    {
        if (first == second)
        {
            Run<UnpackedSuperblocks<TFormat>, Count.One>(first, second, x, units, columns, sums);
        }
        else
        {
            Run<UnpackedSuperblocks<TFormat>, Count.Two>(first, second, x, units, columns, sums);
        }
    }

    private static void Run<TSource, TGroups>(
        byte* first, byte* second, byte* x, int units, int columns, float* sums)
        where TSource : struct, ISuperblockSource
        where TGroups : struct, ICount
    {
        switch (columns)
        {
            case 1:
                Run<TSource, TGroups, Count.One>(first, second, x, units, sums);
                break;
            case 2:
                Run<TSource, TGroups, Count.Two>(first, second, x, units, sums);
                break;
            case 3:
                Run<TSource, TGroups, Count.Three>(first, second, x, units, sums);
                break;
            case 4:
                Run<TSource, TGroups, Count.Four>(first, second, x, units, sums);
                break;
            case 5:
                Run<TSource, TGroups, Count.Five>(first, second, x, units, sums);
                break;
            default:
                Run<TSource, TGroups, Count.Six>(first, second, x, units, sums);
                break;
        }
    }

    // One source for one to six columns and one or two groups: the compiler drops what a count excludes.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TSource, TGroups, TColumns>(byte* a, byte* b, byte* x, int units, float* sums)
        where TSource : struct, ISuperblockSource
        where TGroups : struct, ICount
        where TColumns : struct, ICount
    {
        int step = TColumns.Value * sizeof(int);
        int parts = TFormat.IsSplit ? 2 : 1;
        int bytes = TSource.Bytes;
        int* dots = stackalloc int[QuantizedColumns.Side * 2 * RowGroup.Rows];

        for (int unit = 0; unit < units; unit++, a += bytes, b += bytes)
        {
            Vector512<int> a0 = default, a1 = default, a2 = default, a3 = default, a4 = default, a5 = default;
            Vector512<int> b0 = default, b1 = default, b2 = default, b3 = default, b4 = default, b5 = default;

            for (int block = 0; block < 8; block++)
            {
                byte* la = TSource.Lines(a, block);
                byte* lb = TSource.Lines(b, block);
                byte* pairs = x + (8 * step);
                Prefetch.FewLines(la + Prefetch.Distance, TSource.LinesAhead);

                for (int part = 0; part < parts; part++)
                {
                    TSum s0 = Start(pairs), s1 = Start(pairs + 4), s2 = Start(pairs + 8);
                    TSum s3 = Start(pairs + 12), s4 = Start(pairs + 16), s5 = Start(pairs + 20);
                    TSum t0 = s0, t1 = s1, t2 = s2, t3 = s3, t4 = s4, t5 = s5;

                    for (int pair = part * 2; pair < (parts == 1 ? 4 : (part * 2) + 2); pair++)
                    {
                        Vector512<byte> wa = TSource.Sixteen(la, pair, 0);
                        Vector512<byte> wb = TGroups.Value > 1 ? TSource.Sixteen(lb, pair, 0) : wa;
                        Add<TGroups, TColumns>(0, wa, wb, x, ref s0, ref t0);
                        Add<TGroups, TColumns>(1, wa, wb, x, ref s1, ref t1);
                        Add<TGroups, TColumns>(2, wa, wb, x, ref s2, ref t2);
                        Add<TGroups, TColumns>(3, wa, wb, x, ref s3, ref t3);
                        Add<TGroups, TColumns>(4, wa, wb, x, ref s4, ref t4);
                        Add<TGroups, TColumns>(5, wa, wb, x, ref s5, ref t5);
                        x += step;
                        wa = TSource.Sixteen(la, pair, 1);
                        wb = TGroups.Value > 1 ? TSource.Sixteen(lb, pair, 1) : wa;
                        Add<TGroups, TColumns>(0, wa, wb, x, ref s0, ref t0);
                        Add<TGroups, TColumns>(1, wa, wb, x, ref s1, ref t1);
                        Add<TGroups, TColumns>(2, wa, wb, x, ref s2, ref t2);
                        Add<TGroups, TColumns>(3, wa, wb, x, ref s3, ref t3);
                        Add<TGroups, TColumns>(4, wa, wb, x, ref s4, ref t4);
                        Add<TGroups, TColumns>(5, wa, wb, x, ref s5, ref t5);
                        x += step;
                    }

                    Vector512<short> scaleA = TSource.Scale(a, (2 * block) + part);
                    Vector512<short> scaleB = TGroups.Value > 1 ? TSource.Scale(b, (2 * block) + part) : scaleA;
                    Fold<TGroups, TColumns>(0, scaleA, scaleB, s0, t0, ref a0, ref b0);
                    Fold<TGroups, TColumns>(1, scaleA, scaleB, s1, t1, ref a1, ref b1);
                    Fold<TGroups, TColumns>(2, scaleA, scaleB, s2, t2, ref a2, ref b2);
                    Fold<TGroups, TColumns>(3, scaleA, scaleB, s3, t3, ref a3, ref b3);
                    Fold<TGroups, TColumns>(4, scaleA, scaleB, s4, t4, ref a4, ref b4);
                    Fold<TGroups, TColumns>(5, scaleA, scaleB, s5, t5, ref a5, ref b5);
                    pairs += step;
                }

                x += 2 * step;
            }

            Keep<TGroups, TColumns>(0, a0, b0, dots);
            Keep<TGroups, TColumns>(1, a1, b1, dots);
            Keep<TGroups, TColumns>(2, a2, b2, dots);
            Keep<TGroups, TColumns>(3, a3, b3, dots);
            Keep<TGroups, TColumns>(4, a4, b4, dots);
            Keep<TGroups, TColumns>(5, a5, b5, dots);
            Finish<TSource, TGroups, TColumns>(a, b, x, dots, sums);
            x += 5 * step;
        }
    }
}
