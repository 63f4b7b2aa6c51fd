using Swarm.Node.Discovery.Lan.Wire;

namespace Swarm.Node.Discovery.Lan;

/// <summary>A record somebody sent, until it expires.</summary>
internal sealed class CachedRecord
{
    private readonly TimeSpan _jitter;
    private int _refreshes;

    public CachedRecord(DnsRecord record, TimeSpan now, double jitter)
    {
        Record = record;
        HeardAt = now;
        Life = TimeSpan.FromSeconds(Math.Min(record.TtlSeconds, LanTimes.ServiceTtlSeconds));
        ExpiresAt = now + Life;
        _jitter = Life * jitter * LanTimes.RefreshJitter;
    }

    public DnsRecord Record { get; }

    public TimeSpan HeardAt { get; }

    public TimeSpan Life { get; }

    public TimeSpan ExpiresAt { get; private set; }

    /// <summary>When to ask whether it still holds; null when it is asked for no more.</summary>
    public TimeSpan? RefreshDue
        => _refreshes < LanTimes.RefreshAt.Count && Record.TtlSeconds >= LanTimes.RefreshedTtlSecondsMin
            && ExpiresAt == HeardAt + Life
            ? HeardAt + (Life * LanTimes.RefreshAt[_refreshes]) + _jitter
            : null;

    /// <summary>It was asked for again.</summary>
    public void Refreshed() => _refreshes++;

    /// <summary>It is taken back, or its owner now says other things: gone in a second (RFC 6762, 10.1).</summary>
    public void TakeBack(TimeSpan now)
    {
        TimeSpan end = now + LanTimes.GoodbyeGrace;
        ExpiresAt = end < ExpiresAt ? end : ExpiresAt;
    }
}
