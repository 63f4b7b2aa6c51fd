namespace Swarm.Inference.Kernels;

/// <summary>The ways to multiply bytes, one of <see cref="IByteDot{TInput, TSum}"/> each.</summary>
internal enum DotKind
{
    /// <summary><see cref="WordDot"/>.</summary>
    Words,

    /// <summary><see cref="ByteDotArm"/>.</summary>
    Arm,

    /// <summary><see cref="ByteDotSigned"/>.</summary>
    Signed256,

    /// <summary><see cref="ByteDot256"/>.</summary>
    Bytes256,

    /// <summary><see cref="ByteDotVnni"/>.</summary>
    Vnni,

    /// <summary><see cref="ByteDot512"/>.</summary>
    Bytes512,
}
