namespace Swarm.Inference.Model;

/// <summary>How a tensor's numbers are stored, by ggml's own ids.</summary>
public enum GgmlType
{
    /// <summary>32-bit floats.</summary>
    F32 = 0,

    /// <summary>16-bit IEEE floats.</summary>
    F16 = 1,

    /// <summary>32 values: f16 scale, 4-bit values less 8.</summary>
    Q4_0 = 2,

    /// <summary>32 values: f16 scale and minimum, 4 bits.</summary>
    Q4_1 = 3,

    /// <summary>32 values: f16 scale, 5-bit values less 16.</summary>
    Q5_0 = 6,

    /// <summary>32 values: f16 scale and minimum, 5 bits.</summary>
    Q5_1 = 7,

    /// <summary>32 values: f16 scale, signed bytes.</summary>
    Q8_0 = 8,

    /// <summary>32 values: f16 scale and sum, signed bytes.</summary>
    Q8_1 = 9,

    /// <summary>256 values, 2 bits.</summary>
    Q2_K = 10,

    /// <summary>256 values, 3 bits.</summary>
    Q3_K = 11,

    /// <summary>256 values, 4 bits.</summary>
    Q4_K = 12,

    /// <summary>256 values, 5 bits.</summary>
    Q5_K = 13,

    /// <summary>256 values, 6 bits.</summary>
    Q6_K = 14,

    /// <summary>256 values, 8 bits: activations only.</summary>
    Q8_K = 15,

    /// <summary>256 values by a grid, 2.06 bits.</summary>
    IQ2_XXS = 16,

    /// <summary>256 values by a grid, 2.31 bits.</summary>
    IQ2_XS = 17,

    /// <summary>256 values by a grid, 3.06 bits.</summary>
    IQ3_XXS = 18,

    /// <summary>256 values by a grid, 1.56 bits.</summary>
    IQ1_S = 19,

    /// <summary>32 values by a table of 16.</summary>
    IQ4_NL = 20,

    /// <summary>256 values by a grid, 3.44 bits.</summary>
    IQ3_S = 21,

    /// <summary>256 values by a grid, 2.56 bits.</summary>
    IQ2_S = 22,

    /// <summary>256 values by a table of 16, 4.25 bits.</summary>
    IQ4_XS = 23,

    /// <summary>Signed bytes.</summary>
    I8 = 24,

    /// <summary>16-bit integers.</summary>
    I16 = 25,

    /// <summary>32-bit integers.</summary>
    I32 = 26,

    /// <summary>64-bit integers.</summary>
    I64 = 27,

    /// <summary>64-bit floats.</summary>
    F64 = 28,

    /// <summary>256 values by a grid, 1.75 bits.</summary>
    IQ1_M = 29,

    /// <summary>The upper half of 32-bit floats.</summary>
    BF16 = 30,

    /// <summary>256 ternary values, 1.69 bits.</summary>
    TQ1_0 = 34,

    /// <summary>256 ternary values, 2.06 bits.</summary>
    TQ2_0 = 35,

    /// <summary>32 four-bit floats under a power of two.</summary>
    MXFP4 = 39,

    /// <summary>64 four-bit floats under four small scales.</summary>
    NVFP4 = 40,

    /// <summary>128 values, 1 bit.</summary>
    Q1_0 = 41,

    /// <summary>64 values, 2 bits.</summary>
    Q2_0 = 42,
}
