using Swarm.Protocol.Wire;

namespace Swarm.Dht;

/// <summary>Every bound on what a peer may make this node hold, send or wait for, in one place.</summary>
internal static class DhtLimits
{
    /// <summary>1 KiB: an offer with eight links and eight addresses takes about 700 bytes.</summary>
    internal const int ValueBytesMax = 1024;

    /// <summary>120 bytes: an ECDSA P-256 SubjectPublicKeyInfo takes 91.</summary>
    internal const int PublicKeyBytesMax = 120;

    /// <summary>
    /// 16 KiB per message: twenty contacts take about 4 KiB, the rest is for nine or ten full records.
    /// </summary>
    internal const int MessageBytesMax = 16 * 1024;

    /// <summary>
    /// 404 bytes of one named node: eight IPv6 addresses. Forty of them fit a message, twenty leave half of it to
    /// records, so nobody can make others' answers too long by what he says of himself.
    /// </summary>
    internal const int ContactBytesMax = 404;

    /// <summary>Messages in which one holder gives its records of one key: 64 full ones take eight.</summary>
    internal const int PagesMax = 10;

    /// <summary>Addresses kept of one node: IPv4 and IPv6 on a few interfaces.</summary>
    internal const int AddressesMax = 8;

    /// <summary>The longest DNS name.</summary>
    internal const int HostCharactersMax = 253;

    /// <summary>10 min: a lease nobody renews is gone by then, whatever its signer wished.</summary>
    internal static readonly TimeSpan LeaseMax = TimeSpan.FromSeconds(600);

    /// <summary>
    /// As for links; no time stamp at all would let old records live for ever.
    /// </summary>
    internal static readonly TimeSpan ClockSkewMax = WireLimits.ClockSkewMax;

    /// <summary>Records under one key: eight blocks with eight holders each.</summary>
    internal const int RecordsPerKeyMax = 64;

    /// <summary>Keys held for others: 4,096 × 64 full records would be more than the bytes below allow.</summary>
    internal const int KeysMax = 4096;

    /// <summary>32 MiB of records held for others.</summary>
    internal const long StoreBytesMax = 32L * 1024 * 1024;

    /// <summary>Records of one signer: a span of a thousand blocks has 125 keys.</summary>
    internal const int RecordsPerSignerMax = 256;

    /// <summary>Records in one Store message: more could not fit with values of 150 bytes.</summary>
    internal const int RecordsPerStoreMax = 64;

    /// <summary>Records a peer may offer per second in the long run.</summary>
    internal const double StoresPerSecondMax = 20;

    /// <summary>Records a peer may offer at once: a hand-over after a join.</summary>
    internal const double StoresBurstMax = 100;

    /// <summary>
    /// Signatures checked per second for everyone together: a seventh of a core where one takes 140 µs, its key's
    /// import included, and a quarter where it takes 250.
    /// </summary>
    internal const double ChecksPerSecondMax = 1000;

    /// <summary>Peers whose rate is remembered: far above the links a node keeps.</summary>
    internal const int RatedPeersMax = 4096;

    /// <summary>Peers that contacted us and wait to be checked before they may enter the table.</summary>
    internal const int UncheckedMax = 64;

    /// <summary>
    /// Nodes dropped from the table that are tried again now and then, so that a healed partition merges.
    /// </summary>
    internal const int RememberedMax = 32;

    /// <summary>Nodes one lookup keeps in sight: twelve times k.</summary>
    internal const int CandidatesMax = 240;

    /// <summary>Queries of one lookup: an honest one needs about 27, at heavy churn 45.</summary>
    internal const int QueriesMax = 160;
}
