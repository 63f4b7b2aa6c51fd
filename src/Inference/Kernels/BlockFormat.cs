using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>Formats with 32 values to a scale.</summary>
internal sealed unsafe class BlockFormat<TFormat> : WeightFormat
    where TFormat : struct, IBlockFormat
{
    public override int UnitLength => QuantizedBlock.Length;

    public override long GroupBytes(int width) => PackedBlocks<TFormat>.GroupBytes(width);

    public override delegate*<Product*, int, int, void> Kernel(Isa limit)
    {
        if (limit == Isa.Scalar)
        {
            return &BlockProduct<TFormat>.Scalar;
        }

        return ByteDots.Best(limit, TFormat.IsWide) switch
        {
            DotKind.Bytes512 =>
                &TiledProduct<BlockTile<TFormat, ByteDot512, Vector512<sbyte>, Vector512<short>>>.Run,
            DotKind.Vnni =>
                &TiledProduct<BlockTile<TFormat, ByteDotVnni, Vector256<sbyte>, Halves<int>>>.Run,
            DotKind.Bytes256 =>
                &TiledProduct<BlockTile<TFormat, ByteDot256, Vector256<sbyte>, Halves<short>>>.Run,
            DotKind.Signed256 =>
                &TiledProduct<BlockTile<TFormat, ByteDotSigned, Vector256<sbyte>, Halves<int>>>.Run,
            DotKind.Arm =>
                &TiledProduct<BlockTile<TFormat, ByteDotArm, Vector128<sbyte>, Quarters<int>>>.Run,
            _ =>
                &TiledProduct<BlockTile<TFormat, WordDot, Vector512<short>, Vector512<int>>>.Run,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override bool PackRows(byte* source, long rowBytes, int count, byte* tiles, int width)
    {
        uint* values = stackalloc uint[Bits.Groups * RowGroup.Rows];
        bool finite = true;

        for (int block = 0; block < width / QuantizedBlock.Length; block++, source += TFormat.FileBytes)
        {
            finite &= PackedBlocks<TFormat>.Pack(source, rowBytes, count, tiles, block, values);
        }

        return finite;
    }

    public override void DecodeRow(byte* tiles, int row, int width, float* output)
    {
        byte* weights = stackalloc byte[UnpackedBlocks<TFormat>.Bytes];

        for (int block = 0; block < width / QuantizedBlock.Length; block++, output += QuantizedBlock.Length)
        {
            UnpackedBlocks<TFormat>.Fill(tiles, block, 1, weights);
            float scale = UnpackedBlocks<TFormat>.Scale(weights)[row];
            float minimum = TFormat.HasMinimum ? UnpackedBlocks<TFormat>.Minimum(weights)[row] : 0;

            for (int k = 0; k < QuantizedBlock.Length; k++)
            {
                float value = BlockProduct<TFormat>.Value(weights, row, k) * scale;
                output[k] = TFormat.HasMinimum ? value + minimum : value;
            }
        }
    }
}
