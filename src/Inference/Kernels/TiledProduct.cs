using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Quantized weights times quantized columns, tile by tile: a stretch of sixteen or thirty-two rows meets all columns
/// while it is in the first cache, then the next stretch. A few columns are multiplied with the packed weights as they
/// come from memory; for more, the stretch is unpacked before.
/// </summary>
internal static unsafe class TiledProduct<TTile>
    where TTile : struct, ITile
{
    // What so many columns sum, and their bytes of a stretch, must not push each other out of the second cache.
    private const int ColumnsTogether = 86 * QuantizedColumns.Side;

    private const int GroupsMax = 2;

    // Units of a stretch.
    private static int Stretch => QuantizedColumns.StretchLength / TTile.UnitLength;

    public static void Run(Product* product, int firstGroup, int lastGroup)
    {
        if (product->Columns <= QuantizedColumns.Side)
        {
            One(product, firstGroup, lastGroup);
        }
        else
        {
            Many(product, firstGroup, lastGroup);
        }
    }

    // One panel: the rows of a group are one stretch, as they stream from memory.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(Product* product, int firstGroup, int lastGroup)
    {
        float* sums = stackalloc float[QuantizedColumns.Side * RowGroup.Rows];
        long groupBytes = TTile.GroupBytes(product->Width);
        int units = product->Width / TTile.UnitLength;

        for (int group = firstGroup; group < lastGroup; group++)
        {
            Clear(sums, product->Columns);
            TTile.Packed(product->Tiles + (group * groupBytes), product->Quants, units, product->Columns, sums);
            Store(product, group, 1, 0, product->Columns, sums);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Many(Product* product, int firstGroup, int lastGroup)
    {
        byte* weights = stackalloc byte[(GroupsMax * Stretch * TTile.UnpackedBytes) + Bits.LineBytes];
        float* sums = stackalloc float[(GroupsMax * ColumnsTogether * RowGroup.Rows) + RowGroup.Rows];
        weights = Align(weights);
        sums = (float*)Align((byte*)sums);
        int together = product->Columns <= TTile.ColumnsPacked ? 1 : TTile.Groups;

        for (int column = 0; column < product->Columns; column += ColumnsTogether)
        {
            int columns = Math.Min(ColumnsTogether, product->Columns - column);

            for (int group = firstGroup; group < lastGroup; group += together)
            {
                int groups = Math.Min(together, lastGroup - group);
                Clear(sums, columns * groups);
                Multiply(product, group, groups, column, columns, weights, sums);
                Store(product, group, groups, column, columns, sums);
            }
        }
    }

    private static void Store(Product* product, int group, int groups, int column, int columns, float* sums)
    {
        for (int i = column; i < column + columns; i++)
        {
            for (int k = group; k < group + groups; k++, sums += RowGroup.Rows)
            {
                RowGroup.Store(product, k, i, Vector512.Load(sums));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply(
        Product* product, int group, int groups, int column, int columns, byte* weights, float* sums)
    {
        bool packed = product->Columns <= TTile.ColumnsPacked;
        int units = product->Width / TTile.UnitLength;
        long groupBytes = TTile.GroupBytes(product->Width);
        byte* tiles = product->Tiles + (group * groupBytes);
        byte* second = groups == 1 ? weights : weights + (Stretch * TTile.UnpackedBytes);
        int unitBytes = QuantizedColumns.UnitBytes(TTile.UnitLength);

        for (int unit = 0; unit < units; unit += Stretch)
        {
            int count = Math.Min(Stretch, units - unit);
            byte* source = tiles + TTile.GroupBytes(unit * TTile.UnitLength);
            byte* x = product->Quants + ((((long)product->Columns * unit) + ((long)column * count)) * unitBytes);

            if (!packed)
            {
                Unpack(source, groupBytes, groups, count, weights, second);
            }

            for (int first = 0; first < columns; first += QuantizedColumns.Side)
            {
                int side = Math.Min(QuantizedColumns.Side, columns - first);
                float* panel = sums + (first * groups * RowGroup.Rows);

                if (unit + count == units)
                {
                    PrefetchResults(product, group, groups, column + first, side);
                }

                if (packed)
                {
                    TTile.Packed(source, x, count, side, panel);
                }
                else
                {
                    TTile.Unpacked(weights, second, x, count, side, panel);
                }

                x += side * count * unitBytes;
            }
        }
    }

    private static void Unpack(
        byte* source, long groupBytes, int groups, int count, byte* weights, byte* second)
    {
        TTile.Unpack(source, count, weights);

        if (groups > 1)
        {
            TTile.Unpack(source + groupBytes, count, second);
        }
    }

    // Results go to as many lines as there are columns, far apart: they are fetched while their last sums are made.
    private static void PrefetchResults(Product* product, int group, int groups, int column, int columns)
    {
        byte* line = (byte*)(product->Output + ((long)column * product->OutputStride) + (group * RowGroup.Rows));

        for (int i = 0; i < columns; i++, line += (long)product->OutputStride * sizeof(float))
        {
            Prefetch.Lines(line, groups);
        }
    }

    private static void Clear(float* sums, int vectors) => new Span<float>(sums, vectors * RowGroup.Rows).Clear();

    private static byte* Align(byte* pointer) => (byte*)(((nint)pointer + Bits.LineBytes - 1) & -Bits.LineBytes);
}
