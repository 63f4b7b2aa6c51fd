namespace Swarm.Node.Discovery.Lan;

/// <summary>How long things take on the local network: the figures of RFC 6762, and where they come from.</summary>
internal static class LanTimes
{
    /// <summary>Where and whether a node listens may change: 120 s (section 10).</summary>
    public const uint HostTtlSeconds = 120;

    /// <summary>That a service exists: 75 minutes (section 10).</summary>
    public const uint ServiceTtlSeconds = 4500;

    /// <summary>What a one-shot asker may believe (section 6.7).</summary>
    public const uint LegacyTtlSeconds = 10;

    /// <summary>Records that live shorter are not asked for again: whoever sends such has little to say.</summary>
    public const uint RefreshedTtlSecondsMin = 20;

    /// <summary>So many probes, …</summary>
    public const int Probes = 3;

    /// <summary>… so far apart, the first after up to as long (section 8.1).</summary>
    public static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>So many announcements, …</summary>
    public const int Announcements = 3;

    /// <summary>… this far apart at first, then twice as far (section 8.3); wireless links lose multicast.</summary>
    public static readonly TimeSpan AnnounceInterval = TimeSpan.FromSeconds(1);

    /// <summary>A goodbye is said twice, this far apart: the last word has no retry.</summary>
    public static readonly TimeSpan GoodbyeInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a record that was taken back stays (section 10.1).</summary>
    public static readonly TimeSpan GoodbyeGrace = TimeSpan.FromSeconds(1);

    /// <summary>Answers that several devices may give wait at least so long, …</summary>
    public static readonly TimeSpan SharedAnswerMin = TimeSpan.FromMilliseconds(20);

    /// <summary>… and at most so long, as a first question does (sections 5.2 and 6).</summary>
    public static readonly TimeSpan SharedAnswerMax = TimeSpan.FromMilliseconds(120);

    /// <summary>An answer waits so long for the rest of what the asker knows, …</summary>
    public static readonly TimeSpan TruncatedMin = TimeSpan.FromMilliseconds(400);

    /// <summary>… at most so long (section 7.2).</summary>
    public static readonly TimeSpan TruncatedMax = TimeSpan.FromMilliseconds(500);

    /// <summary>A record is multicast at most once in this time (section 6), …</summary>
    public static readonly TimeSpan RepeatMin = TimeSpan.FromSeconds(1);

    /// <summary>… or, to defend a name against a prober, in this time.</summary>
    public static readonly TimeSpan DefendMin = TimeSpan.FromMilliseconds(250);

    /// <summary>After the first question the next comes so much later, then twice as much, …</summary>
    public static readonly TimeSpan QueryMin = TimeSpan.FromSeconds(1);

    /// <summary>… and so for ever at least this often (section 5.2).</summary>
    public static readonly TimeSpan QueryMax = TimeSpan.FromMinutes(60);

    /// <summary>Parts that did not come with an instance's name are asked for after this, then ever later.</summary>
    public static readonly TimeSpan ResolveMin = TimeSpan.FromMilliseconds(100);

    /// <summary>So many conflicts …</summary>
    public const int ConflictsMax = 15;

    /// <summary>… within this time …</summary>
    public static readonly TimeSpan ConflictWindow = TimeSpan.FromSeconds(10);

    /// <summary>… and we wait this long before the next name (section 8.1).</summary>
    public static readonly TimeSpan ConflictPause = TimeSpan.FromSeconds(5);

    /// <summary>When a one-shot question is asked after the start: answers come at once, packets get lost.</summary>
    public static readonly IReadOnlyList<TimeSpan> OneShots =
    [
        TimeSpan.Zero,
        TimeSpan.FromMilliseconds(200),
        TimeSpan.FromMilliseconds(700),
    ];

    /// <summary>An answer to a one-shot question that comes later than this was not asked for.</summary>
    public static readonly TimeSpan OneShotAnswerMax = TimeSpan.FromSeconds(3);

    /// <summary>Interfaces come and go in bursts: they are looked at this long after the last change.</summary>
    public static readonly TimeSpan ChangeDebounce = TimeSpan.FromMilliseconds(500);

    /// <summary>… and every 5 s: not all systems report changes of IPv6.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    /// <summary>Parts of a record's life after which it is asked for again (section 5.2), …</summary>
    public static readonly IReadOnlyList<double> RefreshAt = [0.80, 0.85, 0.90, 0.95];

    /// <summary>… and up to so much of its life later, so that not all ask at once.</summary>
    public const double RefreshJitter = 0.02;
}
