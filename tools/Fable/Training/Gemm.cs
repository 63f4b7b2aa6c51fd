using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Fable.Training;

/// <summary>A matrix somewhere in memory: where it starts and how far apart its rows and columns are.</summary>
public readonly unsafe record struct Matrix(nint Start, int RowStride, int ColumnStride)
{
    /// <summary>A matrix whose rows follow each other.</summary>
    public Matrix(float* start, int rowStride)
        : this((nint)start, rowStride, 1)
    {
    }

    /// <summary>The same numbers with rows and columns exchanged.</summary>
    public Matrix Transposed => new(Start, ColumnStride, RowStride);
}

/// <summary>
/// The product of two float matrices: both are packed into panels that a kernel of 8 rows by 32 columns reads in order,
/// with its sixteen sums in registers. One instance belongs to one thread.
/// </summary>
public sealed unsafe class Gemm
{
    private const int TileRows = 8;
    private const int TileColumns = 32;
    private const int DepthMax = 256;
    private const int RowsMax = 128;
    private const int ColumnsMax = 2048;

    private readonly float* _left = Buffers.Allocate(RowsMax * DepthMax);
    private readonly float* _right = Buffers.Allocate(ColumnsMax * DepthMax);
    private readonly float* _edge = Buffers.Allocate(TileRows * TileColumns);

    /// <summary>c += left · right, or c = left · right when nothing is to be kept.</summary>
    public void Multiply(int rows, int columns, int depth, Matrix left, Matrix right, float* c, int stride, bool keep)
    {
        for (int column = 0; column < columns; column += ColumnsMax)
        {
            int columnCount = Math.Min(ColumnsMax, columns - column);
            for (int k = 0; k < depth; k += DepthMax)
            {
                int depthCount = Math.Min(DepthMax, depth - k);
                Pack(_right, right.Transposed, column, columnCount, k, depthCount, TileColumns);
                for (int row = 0; row < rows; row += RowsMax)
                {
                    int rowCount = Math.Min(RowsMax, rows - row);
                    Pack(_left, left, row, rowCount, k, depthCount, TileRows);
                    Block(rowCount, columnCount, depthCount, c + ((long)row * stride) + column, stride, keep || k > 0);
                }
            }
        }
    }

    private void Block(int rows, int columns, int depth, float* c, int stride, bool keep)
    {
        for (int column = 0; column < columns; column += TileColumns)
        {
            float* right = _right + (column * depth);
            for (int row = 0; row < rows; row += TileRows)
            {
                float* left = _left + (row * depth);
                float* tile = c + ((long)row * stride) + column;
                if (row + TileRows <= rows && column + TileColumns <= columns)
                {
                    Tile(depth, left, right, tile, stride, keep);
                }
                else
                {
                    Tile(depth, left, right, _edge, TileColumns, keep: false);
                    AddEdge(Math.Min(TileRows, rows - row), Math.Min(TileColumns, columns - column), tile, stride, keep);
                }
            }
        }
    }

    private void AddEdge(int rows, int columns, float* tile, int stride, bool keep)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                float sum = _edge[(row * TileColumns) + column];
                tile[((long)row * stride) + column] = keep ? tile[((long)row * stride) + column] + sum : sum;
            }
        }
    }

    /// <summary>Copies lines [from, from + count) × depth into panels of a tile's width, depth by depth, padded by zeros.</summary>
    private static void Pack(float* panels, Matrix source, int from, int count, int k, int depth, int width)
    {
        for (int line = 0; line < count; line += width)
        {
            int lines = Math.Min(width, count - line);
            float* panel = panels + (line * depth);
            float* start = (float*)source.Start + ((long)(from + line) * source.RowStride) + ((long)k * source.ColumnStride);
            if (source.RowStride == 1 && lines == width)
            {
                for (int d = 0; d < depth; d++)
                {
                    float* source1 = start + ((long)d * source.ColumnStride);
                    for (int one = 0; one < width; one += 8)
                    {
                        Vector256.Load(source1 + one).Store(panel + (d * width) + one);
                    }
                }

                continue;
            }

            if (lines < width)
            {
                new Span<float>(panel, width * depth).Clear();
            }

            for (int one = 0; one < lines; one++)
            {
                float* element = start + ((long)one * source.RowStride);
                for (int d = 0; d < depth; d++)
                {
                    panel[(d * width) + one] = element[(long)d * source.ColumnStride];
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(int depth, float* left, float* right, float* c, int stride, bool keep)
    {
        Vector512<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default;
        Vector512<float> d0 = default, d1 = default, e0 = default, e1 = default, f0 = default, f1 = default;
        Vector512<float> g0 = default, g1 = default, h0 = default, h1 = default;
        for (int k = 0; k < depth; k++)
        {
            var x = Vector512.Load(right);
            var y = Vector512.Load(right + 16);
            right += TileColumns;
            var one = Vector512.Create(left[0]);
            a0 = Vector512.FusedMultiplyAdd(one, x, a0);
            a1 = Vector512.FusedMultiplyAdd(one, y, a1);
            one = Vector512.Create(left[1]);
            b0 = Vector512.FusedMultiplyAdd(one, x, b0);
            b1 = Vector512.FusedMultiplyAdd(one, y, b1);
            one = Vector512.Create(left[2]);
            c0 = Vector512.FusedMultiplyAdd(one, x, c0);
            c1 = Vector512.FusedMultiplyAdd(one, y, c1);
            one = Vector512.Create(left[3]);
            d0 = Vector512.FusedMultiplyAdd(one, x, d0);
            d1 = Vector512.FusedMultiplyAdd(one, y, d1);
            one = Vector512.Create(left[4]);
            e0 = Vector512.FusedMultiplyAdd(one, x, e0);
            e1 = Vector512.FusedMultiplyAdd(one, y, e1);
            one = Vector512.Create(left[5]);
            f0 = Vector512.FusedMultiplyAdd(one, x, f0);
            f1 = Vector512.FusedMultiplyAdd(one, y, f1);
            one = Vector512.Create(left[6]);
            g0 = Vector512.FusedMultiplyAdd(one, x, g0);
            g1 = Vector512.FusedMultiplyAdd(one, y, g1);
            one = Vector512.Create(left[7]);
            h0 = Vector512.FusedMultiplyAdd(one, x, h0);
            h1 = Vector512.FusedMultiplyAdd(one, y, h1);
            left += TileRows;
        }

        Put(c, a0, a1, keep);
        Put(c + stride, b0, b1, keep);
        Put(c + (2L * stride), c0, c1, keep);
        Put(c + (3L * stride), d0, d1, keep);
        Put(c + (4L * stride), e0, e1, keep);
        Put(c + (5L * stride), f0, f1, keep);
        Put(c + (6L * stride), g0, g1, keep);
        Put(c + (7L * stride), h0, h1, keep);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, Vector512<float> x, Vector512<float> y, bool keep)
    {
        (keep ? Vector512.Load(c) + x : x).Store(c);
        (keep ? Vector512.Load(c + 16) + y : y).Store(c + 16);
    }
}
