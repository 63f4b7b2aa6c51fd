namespace Swarm.Inference;

/// <summary>The arithmetic this program promises: nodes of different versions never share a route.</summary>
public static class Numerics
{
    /// <summary>Raised by every change that can move a single bit of a result.</summary>
    public const int Version = 2;
}
