namespace Swarm.Node.Diagnosis;

/// <summary>How one thing stands.</summary>
internal enum FindingState
{
    /// <summary>As it should be.</summary>
    Works,

    /// <summary>Something cannot be done, and whoever does not need it can leave it so.</summary>
    Limited,

    /// <summary>Nobody could tell here and now.</summary>
    Unknown,

    /// <summary>Something that everybody needs does not work.</summary>
    Broken,
}
