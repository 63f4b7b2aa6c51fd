using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Quantized weights times quantized columns, tile by tile. A few columns are multiplied with the packed weights as
/// they come from memory; for more, a stretch of rows is unpacked once and multiplied with all of them.
/// </summary>
internal static unsafe class TiledProduct<TTile>
    where TTile : struct, ITile
{
    // A stretch of rows meets so many columns: what they sum must not push the weights out of the caches.
    private const int ColumnsTogether = 43 * QuantizedColumns.Side;

    private const int GroupsMax = 2;

    public static void Run(Product* product, int firstGroup, int lastGroup)
    {
        if (product->Columns <= TTile.ColumnsPacked)
        {
            Few(product, firstGroup, lastGroup);
        }
        else
        {
            Many(product, firstGroup, lastGroup);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Few(Product* product, int firstGroup, int lastGroup)
    {
        float* sums = stackalloc float[QuantizedColumns.Side * RowGroup.Rows];
        long groupBytes = TTile.GroupBytes(product->Width);
        int units = product->Width / TTile.UnitLength;

        int unitBytes = QuantizedColumns.UnitBytes(TTile.UnitLength);

        for (int group = firstGroup; group < lastGroup; group++)
        {
            for (int column = 0; column < product->Columns; column += QuantizedColumns.Side)
            {
                int side = Math.Min(QuantizedColumns.Side, product->Columns - column);
                byte* x = product->Quants + ((long)column * units * unitBytes);
                Clear(sums, side);
                TTile.Packed(product->Tiles + (group * groupBytes), x, units, side, sums);
                Store(product, group, 1, column, side, sums);
            }
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Many(Product* product, int firstGroup, int lastGroup)
    {
        byte* weights = stackalloc byte[GroupsMax * TTile.UnitsUnpacked * TTile.UnpackedBytes + Bits.LineBytes];
        float* sums = stackalloc float[GroupsMax * ColumnsTogether * RowGroup.Rows + RowGroup.Rows];
        weights = Align(weights);
        sums = (float*)Align((byte*)sums);

        for (int column = 0; column < product->Columns; column += ColumnsTogether)
        {
            int columns = Math.Min(ColumnsTogether, product->Columns - column);

            for (int group = firstGroup; group < lastGroup; group += TTile.Groups)
            {
                int groups = Math.Min(TTile.Groups, lastGroup - group);
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
        int units = product->Width / TTile.UnitLength;
        byte* tiles = product->Tiles + (group * TTile.GroupBytes(product->Width));
        byte* second = groups == 1 ? weights : weights + (TTile.UnitsUnpacked * TTile.UnpackedBytes);
        int unitBytes = QuantizedColumns.UnitBytes(TTile.UnitLength);

        for (int unit = 0; unit < units; unit += TTile.UnitsUnpacked)
        {
            int count = Math.Min(TTile.UnitsUnpacked, units - unit);
            TTile.Unpack(tiles, unit, count, weights);

            if (groups > 1)
            {
                TTile.Unpack(tiles + TTile.GroupBytes(product->Width), unit, count, second);
            }

            for (int first = 0; first < columns; first += QuantizedColumns.Side)
            {
                int side = Math.Min(QuantizedColumns.Side, columns - first);
                byte* x = product->Quants + ((((long)(column + first) * units) + ((long)unit * side)) * unitBytes);

                // The next columns lie far behind these where rows are long.
                Prefetch.Lines(x + ((long)side * units * unitBytes), side * count * unitBytes / Bits.LineBytes);
                TTile.Unpacked(weights, second, x, count, side, sums + (first * groups * RowGroup.Rows));
            }
        }
    }

    private static void Clear(float* sums, int vectors) => new Span<float>(sums, vectors * RowGroup.Rows).Clear();

    private static byte* Align(byte* pointer) => (byte*)(((nint)pointer + Bits.LineBytes - 1) & -Bits.LineBytes);
}
