namespace Swarm.Inference.Model;

/// <summary>Which elements of a head turn together.</summary>
public enum RopeKind
{
    /// <summary>Positions are not turned into angles.</summary>
    None,

    /// <summary>Neighbours: 2i and 2i + 1.</summary>
    Norm,

    /// <summary>Halves: i and i + dimensions / 2.</summary>
    Neox,
}
