using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Formats with 256 values to a scale.</summary>
internal sealed unsafe class SuperblockFormat<TFormat> : WeightFormat
    where TFormat : struct, ISuperblockFormat
{
    public override int UnitLength => QuantizedBlock.LengthMax;

    public override long GroupBytes(int width) => SuperblockProduct<TFormat>.GroupBytes(width);

    public override delegate*<Product*, int, int, void> Kernel(Isa limit)
    {
        if (limit == Isa.Scalar)
        {
            return &SuperblockProduct<TFormat>.Scalar;
        }

        return ByteDots.Best(limit, TFormat.IsWide) switch
        {
            DotKind.Bytes512 =>
                &TiledProduct<SuperblockTile<TFormat, ByteDot512, Vector512<sbyte>, Vector512<short>>>.Run,
            DotKind.Vnni =>
                &TiledProduct<SuperblockTile<TFormat, ByteDotVnni, Vector256<sbyte>, Halves<int>>>.Run,
            DotKind.Bytes256 =>
                &TiledProduct<SuperblockTile<TFormat, ByteDot256, Vector256<sbyte>, Halves<short>>>.Run,
            DotKind.Signed256 =>
                &TiledProduct<SuperblockTile<TFormat, ByteDotSigned, Vector256<sbyte>, Halves<int>>>.Run,
            DotKind.Arm =>
                &TiledProduct<SuperblockTile<TFormat, ByteDotArm, Vector128<sbyte>, Quarters<int>>>.Run,
            _ =>
                &TiledProduct<SuperblockTile<TFormat, WordDot, Vector512<short>, Vector512<int>>>.Run,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override bool PackRows(byte* source, long rowBytes, int count, byte* tiles, int width)
    {
        uint* values = stackalloc uint[QuantizedBlock.LengthMax / 4 * RowGroup.Rows];
        bool finite = true;

        for (int unit = 0; unit < width / QuantizedBlock.LengthMax; unit++)
        {
            finite &= PackedSuperblocks<TFormat>.Pack(source, rowBytes, count, tiles, values);
            source += TFormat.FileBytes;
            tiles += PackedSuperblocks<TFormat>.Bytes;
        }

        return finite;
    }

    public override void DecodeRow(byte* tiles, int row, int width, float* output)
    {
        byte* weights = stackalloc byte[UnpackedSuperblocks<TFormat>.Bytes];

        for (int unit = 0; unit < width / QuantizedBlock.LengthMax; unit++)
        {
            UnpackedSuperblocks<TFormat>.Fill(tiles, 1, weights);
            float factor = UnpackedSuperblocks<TFormat>.Factor(weights)[row];
            float minimumFactor = UnpackedSuperblocks<TFormat>.MinimumFactor(weights)[row];

            for (int k = 0; k < QuantizedBlock.LengthMax; k++)
            {
                float value = factor * SuperblockProduct<TFormat>.Scale(weights, row, k)
                    * SuperblockProduct<TFormat>.Value(weights, row, k);
                output[k] = TFormat.MinimumLength > 0
                    ? value - (minimumFactor * SuperblockProduct<TFormat>.Minimum(weights, row, k))
                    : value;
            }

            tiles += PackedSuperblocks<TFormat>.Bytes;
            output += QuantizedBlock.LengthMax;
        }
    }
}
