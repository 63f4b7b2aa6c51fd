using System.Collections.Frozen;

namespace Swarm.Inference.Model;

/// <summary>The geometry of every storage type, and which of them this program computes with.</summary>
public static class GgmlTypes
{
    private static readonly FrozenDictionary<GgmlType, (int Elements, int Bytes)> Geometry
        = new Dictionary<GgmlType, (int Elements, int Bytes)>
        {
            [GgmlType.F32] = (1, 4),
            [GgmlType.F16] = (1, 2),
            [GgmlType.BF16] = (1, 2),
            [GgmlType.F64] = (1, 8),
            [GgmlType.I8] = (1, 1),
            [GgmlType.I16] = (1, 2),
            [GgmlType.I32] = (1, 4),
            [GgmlType.I64] = (1, 8),
            [GgmlType.Q4_0] = (32, 18),
            [GgmlType.Q4_1] = (32, 20),
            [GgmlType.Q5_0] = (32, 22),
            [GgmlType.Q5_1] = (32, 24),
            [GgmlType.Q8_0] = (32, 34),
            [GgmlType.Q8_1] = (32, 36),
            [GgmlType.Q2_K] = (256, 84),
            [GgmlType.Q3_K] = (256, 110),
            [GgmlType.Q4_K] = (256, 144),
            [GgmlType.Q5_K] = (256, 176),
            [GgmlType.Q6_K] = (256, 210),
            [GgmlType.Q8_K] = (256, 292),
            [GgmlType.IQ2_XXS] = (256, 66),
            [GgmlType.IQ2_XS] = (256, 74),
            [GgmlType.IQ2_S] = (256, 82),
            [GgmlType.IQ3_XXS] = (256, 98),
            [GgmlType.IQ3_S] = (256, 110),
            [GgmlType.IQ1_S] = (256, 50),
            [GgmlType.IQ1_M] = (256, 56),
            [GgmlType.IQ4_NL] = (32, 18),
            [GgmlType.IQ4_XS] = (256, 136),
            [GgmlType.TQ1_0] = (256, 54),
            [GgmlType.TQ2_0] = (256, 66),
            [GgmlType.MXFP4] = (32, 17),
            [GgmlType.NVFP4] = (64, 36),
            [GgmlType.Q1_0] = (128, 18),
            [GgmlType.Q2_0] = (64, 18),
        }.ToFrozenDictionary();

    /// <summary>
    /// The types that weights may have to be computed with, in the order messages list them: all but integers, doubles
    /// and what only activations are stored as.
    /// </summary>
    public static IReadOnlyList<GgmlType> Supported { get; } =
    [
        GgmlType.F32, GgmlType.F16, GgmlType.BF16,
        GgmlType.Q8_0, GgmlType.Q4_0, GgmlType.Q4_1, GgmlType.Q5_0, GgmlType.Q5_1,
        GgmlType.Q2_K, GgmlType.Q3_K, GgmlType.Q4_K, GgmlType.Q5_K, GgmlType.Q6_K,
        GgmlType.IQ4_NL, GgmlType.IQ4_XS, GgmlType.MXFP4, GgmlType.NVFP4,
        GgmlType.IQ1_S, GgmlType.IQ1_M, GgmlType.IQ2_XXS, GgmlType.IQ2_XS, GgmlType.IQ2_S,
        GgmlType.IQ3_XXS, GgmlType.IQ3_S,
        GgmlType.TQ1_0, GgmlType.TQ2_0, GgmlType.Q1_0, GgmlType.Q2_0,
    ];

    /// <summary>The types that values can be brought into.</summary>
    public static IReadOnlyList<GgmlType> Encodable { get; } =
    [
        GgmlType.F32, GgmlType.F16, GgmlType.BF16,
        GgmlType.Q8_0, GgmlType.Q4_0, GgmlType.Q4_1, GgmlType.Q5_0, GgmlType.Q5_1,
        GgmlType.Q2_K, GgmlType.Q3_K, GgmlType.Q4_K, GgmlType.Q5_K, GgmlType.Q6_K,
        GgmlType.IQ4_NL, GgmlType.IQ4_XS, GgmlType.MXFP4,
    ];

    /// <summary>Whether <paramref name="id"/> is a type that files may hold.</summary>
    public static bool IsKnown(uint id) => id <= int.MaxValue && Geometry.ContainsKey((GgmlType)id);

    extension(GgmlType type)
    {
        /// <summary>Values that share one block; a row is a whole number of blocks.</summary>
        public int ElementsPerBlock => Geometry[type].Elements;

        /// <summary>Bytes of one block.</summary>
        public int BytesPerBlock => Geometry[type].Bytes;

        /// <summary>Whether this program computes with weights of this type.</summary>
        public bool IsSupported => Supported.Contains(type);

        /// <summary>Bytes of <paramref name="elements"/> values, a whole number of blocks.</summary>
        public long BytesOf(long elements) => checked(elements / type.ElementsPerBlock * type.BytesPerBlock);
    }
}
