using Swarm.Inference.Model;

namespace Swarm.Inference.Kernels;

/// <summary>What a storage type needs to be packed, decoded and multiplied.</summary>
internal abstract unsafe class WeightFormat
{
    /// <summary>How many activations share a scale when products read them as bytes; 0 when they stay floats.</summary>
    public abstract int UnitLength { get; }

    /// <summary>The format of a type that <see cref="GgmlTypes.Supported"/> lists.</summary>
    public static WeightFormat Of(GgmlType type) => type switch
    {
        GgmlType.F32 => new FloatFormat<F32>(),
        GgmlType.F16 => new FloatFormat<F16>(),
        GgmlType.BF16 => new FloatFormat<BF16>(),
        GgmlType.Q4_0 => new BlockFormat<Q4_0>(),
        GgmlType.Q4_1 => new BlockFormat<Q4_1>(),
        GgmlType.Q5_0 => new BlockFormat<Q5_0>(),
        GgmlType.Q5_1 => new BlockFormat<Q5_1>(),
        GgmlType.Q8_0 => new BlockFormat<Q8_0>(),
        GgmlType.IQ4_NL => new BlockFormat<IQ4_NL>(),
        GgmlType.MXFP4 => new BlockFormat<MXFP4>(),
        GgmlType.Q2_K => new SuperblockFormat<Q2_K>(),
        GgmlType.Q3_K => new SuperblockFormat<Q3_K>(),
        GgmlType.Q4_K => new SuperblockFormat<Q4_K>(),
        GgmlType.Q5_K => new SuperblockFormat<Q5_K>(),
        GgmlType.Q6_K => new SuperblockFormat<Q6_K>(),
        GgmlType.IQ4_XS => new SuperblockFormat<IQ4_XS>(),
        _ => new DecodedFormat(type),
    };

    /// <summary>Bytes of sixteen rows.</summary>
    public abstract long GroupBytes(int width);

    /// <summary>The best kernel within the limit.</summary>
    public abstract delegate*<Product*, int, int, void> Kernel(Isa limit);

    /// <summary>
    /// Moves up to sixteen rows to their lanes, which are zero; false when one holds a weight or a scale that is not
    /// finite.
    /// </summary>
    public abstract bool PackRows(byte* source, long rowBytes, int count, byte* tiles, int width);

    /// <summary>One row as floats.</summary>
    public abstract void DecodeRow(byte* tiles, int row, int width, float* output);
}
