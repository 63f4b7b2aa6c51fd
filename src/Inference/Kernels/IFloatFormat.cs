using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// Numbers that are floats, or become floats exactly: weights and cache entries stored in 32 or 16 bits.
/// </summary>
internal unsafe interface IFloatFormat
{
    /// <summary>Bytes of one number.</summary>
    static abstract int Size { get; }

    /// <summary>One number; the specification.</summary>
    static abstract float One(byte* source);

    /// <summary>Whether it is one.</summary>
    static abstract bool IsFinite(byte* source);

    /// <summary>Sixteen numbers.</summary>
    static abstract Vector512<float> Sixteen(byte* source);
}
