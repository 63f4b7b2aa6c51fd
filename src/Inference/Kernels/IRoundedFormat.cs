namespace Swarm.Inference.Kernels;

/// <summary>Numbers that a float can be rounded to.</summary>
internal unsafe interface IRoundedFormat : IFloatFormat
{
    /// <summary>Writes the nearest number, ties to even; false when it is not finite.</summary>
    static abstract bool Round(float value, byte* target);
}
