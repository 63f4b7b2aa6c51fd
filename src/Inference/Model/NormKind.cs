namespace Swarm.Inference.Model;

/// <summary>How a row is brought to unit size.</summary>
public enum NormKind
{
    /// <summary>By its root mean square, times a weight.</summary>
    Rms,

    /// <summary>By its mean and deviation, times a weight, plus a bias.</summary>
    Layer,
}
