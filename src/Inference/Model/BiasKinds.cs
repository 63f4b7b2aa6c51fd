namespace Swarm.Inference.Model;

/// <summary>Groups of biases a model cannot do without.</summary>
[Flags]
public enum BiasKinds
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Of queries, keys and values.</summary>
    Qkv = 1,

    /// <summary>Of the attention's result.</summary>
    Output = 2,

    /// <summary>Of the feed-forward part, its experts and their router.</summary>
    FeedForward = 4,

    /// <summary>All of them.</summary>
    All = Qkv | Output | FeedForward,
}
