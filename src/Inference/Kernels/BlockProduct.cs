using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Quantized weights times quantized activations. One formula for every format: block after block,
/// <c>sum = fma(float(dot), weightScale * activationScale, sum)</c> with an exact integer dot.
/// </summary>
/// <remarks>
/// Packed blocks come in pairs, so that every load is a cache line: 2 × 16 half scales, then the lines of the first
/// sixteen blocks, then those of the second. A last single block has 16 scales and its lines.
/// </remarks>
internal static unsafe class BlockProduct
{
    public const int BlockLength = 32;

    private const int ScaleBytes = RowGroup.Rows * sizeof(ushort);

    // Far enough for memory to answer, near enough not to be thrown out again: 4 to 8 KiB measured best.
    private const int PrefetchDistance = 6144;
    private const int CacheLine = 64;

    /// <summary>Bytes of one group of sixteen rows.</summary>
    public static long GroupBytes<TFormat>(int width)
        where TFormat : struct, IBlockFormat
        => (long)(width / BlockLength) * (ScaleBytes + TFormat.LineBytes);

    /// <summary>Where the scales and the lines of a block are.</summary>
    public static (long Scales, long Lines) Place<TFormat>(int block, int blocks)
        where TFormat : struct, IBlockFormat
    {
        long pair = (long)(block / 2) * 2 * (ScaleBytes + TFormat.LineBytes);
        int odd = block & 1;
        int scalesInPair = (block | 1) < blocks ? 2 : 1;
        return (pair + (odd * ScaleBytes), pair + (scalesInPair * ScaleBytes) + (odd * TFormat.LineBytes));
    }

    /// <summary>The specification.</summary>
    public static void Scalar<TFormat>(Product* product, int firstGroup, int lastGroup)
        where TFormat : struct, IBlockFormat
    {
        int blocks = product->Width / BlockLength;
        int lastRow = Math.Min(lastGroup * RowGroup.Rows, product->Rows);

        for (int row = firstGroup * RowGroup.Rows; row < lastRow; row++)
        {
            byte* group = product->Tiles + (row / RowGroup.Rows * GroupBytes<TFormat>(product->Width));

            for (int column = 0; column < product->Columns; column++)
            {
                float sum = 0;

                for (int block = 0; block < blocks; block++)
                {
                    (long scales, long lines) = Place<TFormat>(block, blocks);
                    int at = (column * blocks) + block;
                    int dot = 0;

                    for (int k = 0; k < BlockLength; k++)
                    {
                        dot += TFormat.Value(group + lines, row % RowGroup.Rows, k)
                            * product->Quants[((long)at * BlockLength) + k];
                    }

                    float weightScale = (float)((Half*)(group + scales))[row % RowGroup.Rows];
                    sum = MathF.FusedMultiplyAdd(dot, weightScale * product->Scales[at], sum);
                }

                product->Output[((long)column * product->OutputStride) + row] = sum;
            }
        }
    }

    /// <summary>One lane is one row, so every width computes what the specification does.</summary>
    public static void Vector<TFormat, TDot>(Product* product, int firstGroup, int lastGroup)
        where TFormat : struct, IBlockFormat
        where TDot : struct, IBlockDot
    {
        long groupBytes = GroupBytes<TFormat>(product->Width);

        for (int group = firstGroup; group < lastGroup; group++)
        {
            byte* tiles = product->Tiles + (group * groupBytes);
            int column = 0;

            for (; column + 4 <= product->Columns; column += 4)
            {
                FourColumns<TFormat, TDot>(product, tiles, group, column);
            }

            for (; column < product->Columns; column++)
            {
                OneColumn<TFormat, TDot>(product, tiles, group, column);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void OneColumn<TFormat, TDot>(Product* product, byte* tiles, int group, int column)
        where TFormat : struct, IBlockFormat
        where TDot : struct, IBlockDot
    {
        int blocks = product->Width / BlockLength;
        sbyte* x = product->Quants + ((long)column * product->Width);
        float* scales = product->Scales + ((long)column * blocks);
        int* sums = product->Sums + ((long)column * blocks);
        Vector512<float> sum = Vector512<float>.Zero;
        int pairBytes = 2 * (ScaleBytes + TFormat.LineBytes);

        for (int pair = blocks / 2; pair > 0; pair--)
        {
            Prefetch(tiles + PrefetchDistance, pairBytes);
            byte* lines = tiles + (2 * ScaleBytes);
            sum = Add(sum, TDot.One(lines, x, sums[0]), tiles, scales[0]);
            lines += TFormat.LineBytes;
            sum = Add(sum, TDot.One(lines, x + BlockLength, sums[1]), tiles + ScaleBytes, scales[1]);
            tiles += pairBytes;
            x += 2 * BlockLength;
            scales += 2;
            sums += 2;
        }

        if ((blocks & 1) != 0)
        {
            sum = Add(sum, TDot.One(tiles + ScaleBytes, x, *sums), tiles, *scales);
        }

        RowGroup.Store(product, group, column, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FourColumns<TFormat, TDot>(Product* product, byte* tiles, int group, int column)
        where TFormat : struct, IBlockFormat
        where TDot : struct, IBlockDot
    {
        int blocks = product->Width / BlockLength;
        sbyte* x = product->Quants + ((long)column * product->Width);
        float* scales = product->Scales + ((long)column * blocks);
        int* sums = product->Sums + ((long)column * blocks);
        Vector512<float> sum0 = Vector512<float>.Zero;
        Vector512<float> sum1 = Vector512<float>.Zero;
        Vector512<float> sum2 = Vector512<float>.Zero;
        Vector512<float> sum3 = Vector512<float>.Zero;

        for (int block = 0; block < blocks; block++)
        {
            // Where the second scales of a pair are, and where its lines: see the layout above.
            bool odd = (block & 1) != 0;
            bool single = !odd && block + 1 == blocks;
            byte* half = odd ? tiles + ScaleBytes : tiles;
            byte* lines = tiles + (single ? ScaleBytes : 2 * ScaleBytes) + (odd ? TFormat.LineBytes : 0);
            var four = Vector128.Create(
                sums[block], sums[block + blocks], sums[block + (2 * blocks)], sums[block + (3 * blocks)]);
            TDot.Four(lines, x, product->Width, four, out var dot0, out var dot1, out var dot2, out var dot3);
            sum0 = Add(sum0, dot0, half, scales[block]);
            sum1 = Add(sum1, dot1, half, scales[block + blocks]);
            sum2 = Add(sum2, dot2, half, scales[block + (2 * blocks)]);
            sum3 = Add(sum3, dot3, half, scales[block + (3 * blocks)]);
            x += BlockLength;
            tiles += odd ? 2 * (ScaleBytes + TFormat.LineBytes) : 0;
        }

        RowGroup.Store(product, group, column, sum0);
        RowGroup.Store(product, group, column + 1, sum1);
        RowGroup.Store(product, group, column + 2, sum2);
        RowGroup.Store(product, group, column + 3, sum3);
    }

    // The weights' scales are 2^-112 too small and the activation's is made as much larger: exact, as activation
    // scales are below 65,536.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Add(Vector512<float> sum, Vector512<int> dot, byte* half, float scale)
        => Vector512.FusedMultiplyAdd(
            Vector512.ConvertToSingle(dot),
            HalfLanes.Small(half) * Vector512.Create(scale * HalfLanes.Restore),
            sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* address, int bytes)
    {
        if (Sse.IsSupported)
        {
            for (int line = 0; line < bytes; line += CacheLine)
            {
                Sse.Prefetch0(address + line);
            }
        }
    }
}
