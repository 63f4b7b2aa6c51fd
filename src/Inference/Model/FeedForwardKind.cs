namespace Swarm.Inference.Model;

/// <summary>What the feed-forward part of a block computes.</summary>
public enum FeedForwardKind
{
    /// <summary><c>down(silu(gate(x)) · up(x))</c>.</summary>
    SwiGlu,

    /// <summary><c>down(gelu(up(x)))</c> with the tanh form of GELU.</summary>
    Gelu,

    /// <summary><c>down(gelu(gate(x)) · up(x))</c> with the tanh form of GELU.</summary>
    GeGlu,

    /// <summary>
    /// <c>down(g / (1 + e^(-1.702 g)) · (u + 1))</c>, the gate g cut off above 7, u between -7 and 7.
    /// </summary>
    ClampedSwiGlu,
}
