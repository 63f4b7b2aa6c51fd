using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Reachability;

/// <summary>What a node knows of its own reachability.</summary>
/// <param name="Verdict">What the others found.</param>
/// <param name="SeenAt">At which IP address the others see it; null before anybody has said so.</param>
/// <param name="Confirmed">How many reached it in the last round.</param>
/// <param name="Failed">How many did not.</param>
/// <param name="IsTranslated">Whether it is seen at an address that is none of its own.</param>
public sealed record ReachabilityState(
    ReachabilityVerdict Verdict, string? SeenAt, int Confirmed, int Failed, bool IsTranslated)
{
    /// <summary>
    /// Where those who reached it did, when that is none of the addresses it knew of: a port that a person has had
    /// forwarded at the gateway. Null when there is none.
    /// </summary>
    public PeerAddress? Found { get; init; }

    /// <summary>
    /// Whether it may serve the DHT: those behind a gateway once they are confirmed, the others until they are refuted.
    /// </summary>
    public bool IsServer
        => Verdict == ReachabilityVerdict.Reachable || (Verdict == ReachabilityVerdict.Unknown && !IsTranslated);
}
