namespace Swarm.Inference.Model;

/// <summary>What the feed-forward part of a block computes.</summary>
public enum FeedForwardKind
{
    /// <summary><c>down(silu(gate(x)) · up(x))</c>.</summary>
    SwiGlu,

    /// <summary><c>down(gelu(up(x)))</c> with the tanh form of GELU.</summary>
    Gelu,
}
