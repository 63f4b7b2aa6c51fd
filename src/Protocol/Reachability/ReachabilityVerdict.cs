namespace Swarm.Protocol.Reachability;

/// <summary>Whether others can dial this node, as far as is known.</summary>
public enum ReachabilityVerdict
{
    /// <summary>Nobody has tried yet.</summary>
    Unknown,

    /// <summary>Others have dialled one of its ports and reached it.</summary>
    Reachable,

    /// <summary>Others have tried, and none came through.</summary>
    Unreachable,
}
