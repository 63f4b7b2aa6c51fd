namespace Swarm.Protocol.Relaying;

/// <summary>Every patience around relays, in one place, each with its reason.</summary>
internal static class RelayTimes
{
    /// <summary>5 s for a relay's answer: it may have to ask a node on a slow path.</summary>
    internal static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(5);

    /// <summary>5 s for two nodes to meet; who fails until then stays with the relay.</summary>
    internal static readonly TimeSpan MeetingMax = TimeSpan.FromSeconds(5);

    /// <summary>
    /// 1.5 s that a dial waits for a meeting: most meet within three round trips, and what is begun over a relay stays
    /// there.
    /// </summary>
    internal static readonly TimeSpan MeetingWait = TimeSpan.FromMilliseconds(1500);

    /// <summary>3 s for one try to punch: a SYN sent twice, and the handshake.</summary>
    internal static readonly TimeSpan PunchMax = TimeSpan.FromSeconds(3);

    /// <summary>3 tries: 97.6 % of those that succeed do so at the first (DCUtR, measured in the wild).</summary>
    internal const int PunchesMax = 3;

    /// <summary>25 s for all of them, the questions and answers between them included.</summary>
    internal static readonly TimeSpan PunchingMax = TimeSpan.FromSeconds(25);

    /// <summary>10 min after all have failed with a peer, for then its router or ours may be another.</summary>
    internal static readonly TimeSpan PunchAgainWait = TimeSpan.FromMinutes(10);

    /// <summary>60 meetings a minute that all peers together may ask for.</summary>
    internal const double AllMeetingsPerMinuteMax = 60;

    /// <summary>5 s between two looks for relays.</summary>
    internal static readonly TimeSpan SearchInterval = TimeSpan.FromSeconds(5);

    /// <summary>A node that refused a reservation is asked again after a minute.</summary>
    internal static readonly TimeSpan RefusalWait = TimeSpan.FromMinutes(1);

    /// <summary>2 relays: one may go.</summary>
    internal const int RelaysWanted = 2;

    /// <summary>64 KiB of a circuit at a time, as in every frame.</summary>
    internal const int CarryBytesMax = Wire.WireLimits.FramePayloadBytesMax;

    /// <summary>A node meets at 3 addresses: beyond that somebody makes it scan.</summary>
    internal const int MeetingAddressesMax = 3;

    /// <summary>6 meetings a minute for one peer, so that nobody makes a node dial others much.</summary>
    internal const double MeetingsPerMinuteMax = 6;

    /// <summary>Peers whose rate is remembered.</summary>
    internal const int RatedPeersMax = 4096;
}
