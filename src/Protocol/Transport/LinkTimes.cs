namespace Swarm.Protocol.Transport;

/// <summary>Every patience of a link, in one place, each with its reason.</summary>
internal static class LinkTimes
{
    /// <summary>10 s without a frame after a ping: the same as the write deadline, longer than a Wi-Fi roam.</summary>
    internal static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(10);

    /// <summary>10 s for a write, or for the rest of a frame once it has begun.</summary>
    internal static readonly TimeSpan FrameMax = TimeSpan.FromSeconds(10);

    /// <summary>10 min without a message either way: a stage computing a long prompt is silent for minutes.</summary>
    internal static readonly TimeSpan StreamIdleMax = TimeSpan.FromMinutes(10);

    /// <summary>10 s for a peer to end its side after ours is disposed of.</summary>
    internal static readonly TimeSpan StreamLingerMax = TimeSpan.FromSeconds(10);

    /// <summary>5 s to connect: a SYN sent three times.</summary>
    internal static readonly TimeSpan ConnectMax = TimeSpan.FromSeconds(5);

    /// <summary>3 s for the cookie of a private swarm, which a member sends with its first packet.</summary>
    internal static readonly TimeSpan CookieMax = TimeSpan.FromSeconds(3);

    /// <summary>5 s for TLS: a slow machine signs in milliseconds, a slow path has a second of round trip.</summary>
    internal static readonly TimeSpan HandshakeMax = TimeSpan.FromSeconds(5);

    /// <summary>3 s for the peer's Hello, which it sends unasked.</summary>
    internal static readonly TimeSpan HelloMax = TimeSpan.FromSeconds(3);

    /// <summary>1 s to say goodbye before the socket closes.</summary>
    internal static readonly TimeSpan GoodbyeMax = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan PingEveryBusy = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PingEveryIdle = TimeSpan.FromSeconds(15);

    /// <summary>1 s between pings where somebody waits for an answer, 15 s elsewhere.</summary>
    internal static TimeSpan PingEvery(bool busy) => busy ? PingEveryBusy : PingEveryIdle;
}
