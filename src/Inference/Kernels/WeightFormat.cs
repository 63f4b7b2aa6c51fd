using System.Buffers;
using System.Runtime.Intrinsics.X86;
using Swarm.Inference.Model;

namespace Swarm.Inference.Kernels;

/// <summary>What a storage type needs to be packed, decoded and multiplied.</summary>
internal abstract unsafe class WeightFormat
{
    /// <summary>Whether products read the activations as bytes.</summary>
    public abstract bool IsQuantized { get; }

    /// <summary>The format of a type that <see cref="GgmlTypes.Supported"/> lists.</summary>
    public static WeightFormat Of(GgmlType type) => type switch
    {
        GgmlType.F32 => new FloatFormat<F32>(),
        GgmlType.F16 => new FloatFormat<F16>(),
        GgmlType.BF16 => new FloatFormat<BF16>(),
        GgmlType.Q4_0 => new BlockFormat<Q4_0>(SelectQ4_0),
        GgmlType.Q8_0 => new BlockFormat<Q8_0>(SelectQ8_0),
        _ => new DecodedFormat(type),
    };

    /// <summary>Bytes of sixteen rows.</summary>
    public abstract long GroupBytes(int width);

    /// <summary>The best kernel within the limit.</summary>
    public abstract delegate*<Product*, int, int, void> Kernel(Isa limit);

    /// <summary>Moves one row to its lane; false when it holds a weight or a scale that is not finite.</summary>
    public abstract bool PackRow(byte* source, byte* tiles, int row, int width);

    /// <summary>One row as floats.</summary>
    public abstract void DecodeRow(byte* tiles, int row, int width, float* output);

    private static delegate*<Product*, int, int, void> SelectQ4_0(Isa limit)
    {
        if (limit >= Isa.Avx512 && Avx512BW.IsSupported)
        {
            return &BlockProduct.Vector<Q4_0, Q4_0.Avx512>;
        }

        return limit >= Isa.Avx2 && Avx2.IsSupported
            ? &BlockProduct.Vector<Q4_0, Q4_0.Avx2>
            : &BlockProduct.Scalar<Q4_0>;
    }

    private static delegate*<Product*, int, int, void> SelectQ8_0(Isa limit)
    {
        if (limit >= Isa.AvxVnni && AvxVnni.IsSupported)
        {
            return &BlockProduct.Vector<Q8_0, Q8_0.AvxVnni>;
        }

        return limit >= Isa.Avx2 && Avx2.IsSupported
            ? &BlockProduct.Vector<Q8_0, Q8_0.Avx2>
            : &BlockProduct.Scalar<Q8_0>;
    }

    private sealed class FloatFormat<TFormat> : WeightFormat
        where TFormat : struct, IFloatFormat
    {
        public override bool IsQuantized => false;

        public override long GroupBytes(int width) => FloatProduct.GroupBytes<TFormat>(width);

        public override delegate*<Product*, int, int, void> Kernel(Isa limit)
            => limit > Isa.Scalar ? &FloatProduct.Vector<TFormat> : &FloatProduct.Scalar<TFormat>;

        public override bool PackRow(byte* source, byte* tiles, int row, int width)
        {
            byte* target = tiles + (row * TFormat.Size);
            bool finite = true;

            for (int k = 0; k < width; k++)
            {
                finite &= float.IsFinite(TFormat.One(source));

                for (int i = 0; i < TFormat.Size; i++)
                {
                    target[i] = source[i];
                }

                source += TFormat.Size;
                target += RowGroup.Rows * TFormat.Size;
            }

            return finite;
        }

        public override void DecodeRow(byte* tiles, int row, int width, float* output)
        {
            for (int k = 0; k < width; k++)
            {
                output[k] = TFormat.One(tiles + ((((long)k * RowGroup.Rows) + row) * TFormat.Size));
            }
        }
    }

    private sealed class BlockFormat<TFormat>(BlockFormat<TFormat>.Selector select) : WeightFormat
        where TFormat : struct, IBlockFormat
    {
        internal delegate delegate*<Product*, int, int, void> Selector(Isa limit);

        public override bool IsQuantized => true;

        public override long GroupBytes(int width) => BlockProduct.GroupBytes<TFormat>(width);

        public override delegate*<Product*, int, int, void> Kernel(Isa limit) => select(limit);

        public override bool PackRow(byte* source, byte* tiles, int row, int width)
        {
            int blocks = width / BlockProduct.BlockLength;
            bool finite = true;

            for (int block = 0; block < blocks; block++)
            {
                (long scales, long lines) = BlockProduct.Place<TFormat>(block, blocks);
                finite &= Half.IsFinite(*(Half*)source);
                ((ushort*)(tiles + scales))[row] = *(ushort*)source;
                TFormat.Pack(source + sizeof(ushort), tiles + lines, row);
                source += sizeof(ushort) + TFormat.FileBytes;
            }

            return finite;
        }

        public override void DecodeRow(byte* tiles, int row, int width, float* output)
        {
            int blocks = width / BlockProduct.BlockLength;

            for (int k = 0; k < width; k++)
            {
                (long scales, long lines) = BlockProduct.Place<TFormat>(k / BlockProduct.BlockLength, blocks);
                output[k] = TFormat.Value(tiles + lines, row, k % BlockProduct.BlockLength)
                    * (float)((Half*)(tiles + scales))[row];
            }
        }
    }

    private sealed class DecodedFormat(GgmlType type) : WeightFormat
    {
        public override bool IsQuantized => false;

        public override long GroupBytes(int width) => type.BytesOf(width) * RowGroup.Rows;

        public override delegate*<Product*, int, int, void> Kernel(Isa limit)
            => limit > Isa.Scalar ? &DecodedProduct.Vector : &DecodedProduct.Scalar;

        public override bool PackRow(byte* source, byte* tiles, int row, int width)
        {
            int bytes = (int)type.BytesOf(width);
            var stored = new ReadOnlySpan<byte>(source, bytes);
            stored.CopyTo(new Span<byte>(tiles + ((long)row * bytes), bytes));
            float[] values = ArrayPool<float>.Shared.Rent(width);
            GgmlCodec.Dequantize(type, stored, values.AsSpan(0, width));
            bool finite = !values.AsSpan(0, width).ContainsAnyExceptInRange(float.MinValue, float.MaxValue);
            ArrayPool<float>.Shared.Return(values);
            return finite;
        }

        public override void DecodeRow(byte* tiles, int row, int width, float* output)
        {
            int bytes = (int)type.BytesOf(width);
            var stored = new ReadOnlySpan<byte>(tiles + ((long)row * bytes), bytes);
            GgmlCodec.Dequantize(type, stored, new Span<float>(output, width));
        }
    }
}
