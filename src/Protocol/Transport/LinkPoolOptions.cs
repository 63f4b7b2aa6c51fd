namespace Swarm.Protocol.Transport;

/// <summary>The few knobs of a <see cref="LinkPool"/>, each with its reason.</summary>
public sealed record LinkPoolOptions
{
    /// <summary>For all who choose nothing else.</summary>
    internal static readonly LinkPoolOptions Default = new();

    /// <summary>
    /// How long a dial may take, from SYN to Hello: connect, TLS and Hello have 5, 5 and 3 s of their own.
    /// </summary>
    public TimeSpan DialMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After a first failure an address is left alone this long; it doubles with each further one.</summary>
    public TimeSpan BackOffMin { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Never longer than this: a node that comes back is found again soon.</summary>
    public TimeSpan BackOffMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// 3 nodes in a minute that others have named at one device and that are not there; then it is left alone. A home
    /// that lost its power is meant as little as a victim.
    /// </summary>
    public int AbsentNodesMax { get; init; } = 3;

    /// <summary>A second link to the same peer is closed this long after it lost, once nothing runs on it.</summary>
    public TimeSpan RetireGrace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Above this many links the one idle the longest is closed: a DHT node of 10,000 knows about 250 peers.
    /// </summary>
    public int LinksMax { get; init; } = 256;

    /// <summary>How many handlers run for one peer at a time; what comes beyond is refused as busy.</summary>
    public int HandlersPerLinkMax { get; init; } = Wire.WireLimits.HandlersMax;

    /// <summary>How long disposal waits for handlers that do not heed their token.</summary>
    public TimeSpan StopMax { get; init; } = TimeSpan.FromSeconds(5);
}
