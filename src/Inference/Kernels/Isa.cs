namespace Swarm.Inference.Kernels;

/// <summary>
/// Which instructions kernels may use: the best the processor has, or fewer when a test pretends. Every rung computes
/// the same bits; a matrix picks its kernel once, when it is packed.
/// </summary>
internal enum Isa
{
    /// <summary>Plain loops: the specification itself.</summary>
    Scalar,

    /// <summary>Vectors of whatever width the processor has; bytes are widened before they are multiplied.</summary>
    Portable,

    /// <summary>128-bit byte dots of Arm.</summary>
    Sdot,

    /// <summary>256-bit byte multiplication.</summary>
    Avx2,

    /// <summary>256-bit byte dots.</summary>
    AvxVnni,

    /// <summary>512-bit byte multiplication.</summary>
    Avx512,
}
