namespace Swarm.Inference.Making;

/// <summary>
/// What a whole file is stored as, by the numbers of <c>general.file_type</c>: a type for most matrices, better ones
/// for those that matter most. Names are those that files of models carry.
/// </summary>
public enum FileType
{
    /// <summary>Every matrix F32.</summary>
    F32 = 0,

    /// <summary>Every matrix F16.</summary>
    F16 = 1,

    /// <summary>Q4_0, the output matrix Q6_K.</summary>
    Q4_0 = 2,

    /// <summary>Q4_1, the output matrix Q6_K.</summary>
    Q4_1 = 3,

    /// <summary>Every matrix Q8_0.</summary>
    Q8_0 = 7,

    /// <summary>Q5_0, the output matrix Q6_K.</summary>
    Q5_0 = 8,

    /// <summary>Q5_1, the output matrix Q6_K.</summary>
    Q5_1 = 9,

    /// <summary>Q2_K, values and the way out of each block Q3_K or Q4_K.</summary>
    Q2_K = 10,

    /// <summary>Q3_K, the output matrix Q6_K.</summary>
    Q3_K_S = 11,

    /// <summary>Q3_K, values and the ways out of each block Q4_K or Q5_K.</summary>
    Q3_K_M = 12,

    /// <summary>Q3_K, values and the ways out of each block Q5_K.</summary>
    Q3_K_L = 13,

    /// <summary>Q4_K, the first blocks' values and ways out Q5_K.</summary>
    Q4_K_S = 14,

    /// <summary>Q4_K, half of the blocks' values and ways out Q6_K.</summary>
    Q4_K_M = 15,

    /// <summary>Q5_K, the output matrix Q6_K.</summary>
    Q5_K_S = 16,

    /// <summary>Q5_K, half of the blocks' values and ways out Q6_K.</summary>
    Q5_K_M = 17,

    /// <summary>Every matrix Q6_K.</summary>
    Q6_K = 18,

    /// <summary>Q2_K, the first blocks' values and ways out Q4_K.</summary>
    Q2_K_S = 21,

    /// <summary>IQ4_NL, values of shared heads and the first ways out Q5_K.</summary>
    IQ4_NL = 25,

    /// <summary>IQ4_XS, values of shared heads and the first ways out Q5_K.</summary>
    IQ4_XS = 30,

    /// <summary>Every matrix BF16.</summary>
    BF16 = 32,

    /// <summary>Experts MXFP4, all other matrices Q8_0.</summary>
    MXFP4_MOE = 38,
}
