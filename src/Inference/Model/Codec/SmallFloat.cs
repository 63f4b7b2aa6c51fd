using System.Buffers.Binary;

namespace Swarm.Inference.Model.Codec;

/// <summary>Scales as files keep them: 16-bit floats, never infinite.</summary>
internal static class SmallFloat
{
    /// <summary>The nearest value that 16 bits can hold.</summary>
    public static float Nearest(double value)
        => (float)(Half)Math.Clamp(value, (double)Half.MinValue, (double)Half.MaxValue);

    /// <summary>Writes a value that <see cref="Nearest"/> gave.</summary>
    public static void Write(Span<byte> block, float value)
        => BinaryPrimitives.WriteHalfLittleEndian(block, (Half)value);

    /// <summary>Its reciprocal; 0 for 0, as everything under it is.</summary>
    public static float Inverse(float scale) => scale == 0 ? 0 : 1 / scale;
}
