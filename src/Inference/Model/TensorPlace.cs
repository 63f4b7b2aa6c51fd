namespace Swarm.Inference.Model;

/// <summary>Who needs a tensor.</summary>
public enum TensorPlace
{
    /// <summary>The holder of block 0.</summary>
    Embedding,

    /// <summary>The holder of one block.</summary>
    Block,

    /// <summary>The holder of the last block.</summary>
    Head,

    /// <summary>Everyone, of each block its part.</summary>
    Slices,

    /// <summary>Everyone.</summary>
    Everywhere,
}
