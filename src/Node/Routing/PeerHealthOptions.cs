namespace Swarm.Node.Routing;

/// <summary>How long a peer that failed is left alone.</summary>
public sealed record PeerHealthOptions
{
    /// <summary>After the first failure. 1 s: a process that restarts is back by then.</summary>
    public TimeSpan First { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Doubling ends here: a minute, so that a healed peer is found again soon.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the one attempt of a half-open peer keeps others away from it.</summary>
    public TimeSpan Trial { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The share of each wait that is drawn, so that many origins do not come back at once.</summary>
    public double Jitter { get; init; } = 0.2;

    /// <summary>Peers remembered; the one allowed again soonest is forgotten first.</summary>
    public int PeersMax { get; init; } = 4096;
}
