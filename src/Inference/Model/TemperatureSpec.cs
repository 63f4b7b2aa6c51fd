using Swarm.Inference.Kernels;

namespace Swarm.Inference.Model;

/// <summary>Queries at position p are multiplied by <c>1 + scale · ln(1 + floor(p / length))</c>.</summary>
/// <param name="Scale">How fast they grow.</param>
/// <param name="Length">Positions of a step.</param>
public sealed record TemperatureSpec(float Scale, int Length)
{
    /// <summary>What queries at a position are multiplied by.</summary>
    public float At(int position) => (float)(1 + (Scale * DoubleMath.Log(1 + (position / Length))));
}
