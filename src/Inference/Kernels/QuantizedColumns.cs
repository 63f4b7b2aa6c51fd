using System.Runtime.CompilerServices;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Columns of activations as bytes, in the order in which tiles read them: stretches of values; in a stretch, panels of
/// six columns side by side, the last one as wide as columns are left; in a panel, unit after unit of 32 or 256 values
/// that share a scale.
/// </summary>
/// <remarks>
/// A unit of a panel, each item once per column: for each 32 values eight groups of four bytes and minus the sums of
/// pairs (one, or in a unit of 256 one for each sixteen; see <see cref="QuantizedBlock"/>); in a unit of 256 the eight
/// sums of 32 values in 16 bits; the scale. A unit of 32 has its scale before the pairs.
/// </remarks>
internal sealed unsafe class QuantizedColumns : IDisposable
{
    /// <summary>Columns of a panel.</summary>
    public const int Side = 6;

    /// <summary>
    /// Values of a stretch, the last one of a column may be shorter: two groups of rows that long, unpacked, and a
    /// panel stay in the first cache.
    /// </summary>
    public const int StretchLength = 512;

    private readonly NativeBuffer _bytes;
    private readonly int _unitLength;
    private readonly bool _vectors;
    private readonly RangeAction _quantize;
    private float* _source;
    private int _columns;
    private int _width;

    public QuantizedColumns(int columnsMax, int widthMax, int unitLength, Isa limit)
    {
        _unitLength = unitLength;
        _vectors = limit > Isa.Scalar;
        _bytes = new NativeBuffer((long)columnsMax * (widthMax / unitLength) * UnitBytes(unitLength));
        _quantize = Quantize;
    }

    public byte* Pointer => _bytes.Pointer;

    private int Panels => (_columns + Side - 1) / Side;

    private int Stretches => (_width + StretchLength - 1) / StretchLength;

    /// <summary>Bytes of one column's unit.</summary>
    public static int UnitBytes(int unitLength)
        => unitLength == QuantizedBlock.Length ? 10 * sizeof(int) : 85 * sizeof(int);

    /// <summary>Quantizes columns that follow each other.</summary>
    public void Fill(float* source, int columns, int width, ComputePool pool)
    {
        _source = source;
        _columns = columns;
        _width = width;
        pool.For(Panels * Stretches, 2L * StretchLength * Math.Min(columns, Side), _quantize);
    }

    public void Dispose() => _bytes.Dispose();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Quantize(int first, int last)
    {
        sbyte* quants = stackalloc sbyte[QuantizedBlock.LengthMax];
        int* pairs = stackalloc int[QuantizedBlock.LengthMax / QuantizedBlock.PairLength];
        int stretch = StretchLength / _unitLength;
        int unitsMax = _width / _unitLength;

        for (int item = first; item < last; item++)
        {
            int column = item % Panels * Side;
            int unit = item / Panels * stretch;
            int side = Math.Min(Side, _columns - column);
            int units = Math.Min(stretch, unitsMax - unit);
            byte* panel = Pointer + ((((long)unit * _columns) + ((long)column * units)) * UnitBytes(_unitLength));

            for (int i = 0; i < side; i++)
            {
                float* source = _source + ((long)(column + i) * _width) + ((long)unit * _unitLength);
                byte* target = panel + (i * sizeof(int));

                for (int k = 0; k < units; k++, source += _unitLength, target += side * UnitBytes(_unitLength))
                {
                    Write(source, target, side, quants, pairs);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(float* source, byte* target, int side, sbyte* quants, int* pairs)
    {
        float scale = _vectors
            ? QuantizedBlock.Vector(source, _unitLength, quants, pairs)
            : QuantizedBlock.Scalar(source, _unitLength, quants, pairs);
        int* to = (int*)target;

        for (int block = 0; block < _unitLength / QuantizedBlock.Length; block++)
        {
            for (int i = 0; i < Bits.Groups; i++, to += side)
            {
                *to = ((int*)quants)[(block * Bits.Groups) + i];
            }

            if (_unitLength == QuantizedBlock.Length)
            {
                *(float*)to = scale;
                to[side] = Both(pairs[0], pairs[1]);
                return;
            }

            to[0] = pairs[2 * block];
            to[side] = pairs[(2 * block) + 1];
            to += 2 * side;
        }

        for (int i = 0; i < 4; i++, to += side)
        {
            *to = (Sum(pairs + (4 * i)) & 0xFFFF) | (Sum(pairs + (4 * i) + 2) << 16);
        }

        *(float*)to = scale;
    }

    // Two pairs of 16-bit sums, added.
    private static int Both(int one, int other) => ((one + other) & 0xFFFF) | (((one >> 16) + (other >> 16)) << 16);

    // The sum of the 32 values that two pairs of 16-bit sums are minus the sums of.
    private static int Sum(int* pairs)
    {
        int both = Both(pairs[0], pairs[1]);
        return -((short)both + (both >> 16));
    }
}
