namespace Swarm.Protocol.Reachability;

/// <summary>Every bound of dial-backs, in one place, each with its reason.</summary>
internal static class ReachabilityLimits
{
    /// <summary>60 dial-backs a minute for everybody together: a second of handshakes.</summary>
    internal const double DialBacksPerMinuteMax = 60;

    /// <summary>12 a minute for one peer (go-libp2p's figure): a few ports, tried twice.</summary>
    internal const double DialBacksPerPeerPerMinuteMax = 12;

    /// <summary>2 at once for one peer.</summary>
    internal const int DialBacksAtOncePerPeerMax = 2;

    /// <summary>Peers whose rate is remembered: far above the links a node keeps.</summary>
    internal const int RatedPeersMax = 4096;

    /// <summary>5 s for a dial-back: a SYN sent three times, or a handshake on a slow path.</summary>
    internal static readonly TimeSpan DialBackMax = TimeSpan.FromSeconds(5);

    /// <summary>The asker waits a little longer than the dial may take.</summary>
    internal static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(8);

    /// <summary>Three peers that agree decide; fewer where there are no three.</summary>
    internal const int VotesNeeded = 3;

    /// <summary>Asked in one round, if those before did not agree.</summary>
    internal const int PeersAskedMax = 6;

    /// <summary>A node listens at one port, and its gateway maps another to it.</summary>
    internal const int PortsMax = 2;

    /// <summary>15 min between two rounds when nothing has changed (AutoNAT's figure).</summary>
    internal static readonly TimeSpan RecheckInterval = TimeSpan.FromMinutes(15);

    /// <summary>30 s between two looks whether those who see this node see it on the internet still.</summary>
    internal static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(30);

    /// <summary>5 s between two rounds, whatever happens: links that come up together are asked together.</summary>
    internal static readonly TimeSpan RoundInterval = TimeSpan.FromSeconds(5);
}
