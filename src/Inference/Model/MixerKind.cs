namespace Swarm.Inference.Model;

/// <summary>What mixes a position with those before it.</summary>
public enum MixerKind
{
    /// <summary>Attention over keys and values of every position.</summary>
    Attention,

    /// <summary>A short causal convolution between two gates; its state is the last few inputs.</summary>
    ShortConvolution,

    /// <summary>The gated delta rule: a matrix per head that forgets, and is corrected by each position.</summary>
    DeltaNet,
}
