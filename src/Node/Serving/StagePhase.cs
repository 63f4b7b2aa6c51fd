namespace Swarm.Node.Serving;

/// <summary>Where a stage is with a step.</summary>
public enum StagePhase
{
    /// <summary>The step is here and was checked.</summary>
    Received,

    /// <summary>It was computed; nobody was told yet.</summary>
    Computed,

    /// <summary>The head told the ring, and not yet the origin.</summary>
    Ringed,

    /// <summary>The result is on its way to the next stage, or to the origin.</summary>
    Sent,
}
