namespace Swarm.Node.Discovery.PortMapping;

/// <summary>Every bound on what a gateway, or who pretends to be one, may make this node do.</summary>
internal static class PortMappingLimits
{
    /// <summary>RFC 6887 and RFC 6886.</summary>
    public const int ServerPort = 5351;

    /// <summary>Where both protocols announce a restart, to 224.0.0.1.</summary>
    public const int AnnouncementPort = 5350;

    /// <summary>UPnP Device Architecture.</summary>
    public const int SsdpPort = 1900;

    /// <summary>The longest PCP message (RFC 6887, section 7); NAT-PMP's has 16.</summary>
    public const int PcpBytesMax = 1100;

    /// <summary>An SSDP answer is a dozen headers in one datagram.</summary>
    public const int SsdpBytesMax = 2048;

    /// <summary>Lines of an SSDP answer.</summary>
    public const int SsdpLinesMax = 64;

    /// <summary>Datagrams read while waiting for one answer: beyond, somebody is flooding.</summary>
    public const int DatagramsMax = 256;

    /// <summary>A gateway answers a search once per target; others are hardly more than a few.</summary>
    public const int DevicesMax = 4;

    /// <summary>Addresses in answers, in letters.</summary>
    public const int UriLettersMax = 1024;

    /// <summary>An HTTP answer's headers.</summary>
    public const int HttpHeaderKiB = 8;

    /// <summary>An HTTP answer's body: descriptions have 2 to 20 KiB.</summary>
    public const int HttpBytesMax = 256 * 1024;

    /// <summary>Elements within elements; a description has 10.</summary>
    public const int XmlDepthMax = 32;

    /// <summary>Letters in one XML value that is kept.</summary>
    public const int XmlValueMax = 1024;

    /// <summary>Services in one description, and arguments in one SOAP answer.</summary>
    public const int XmlItemsMax = 64;

    /// <summary>External ports tried when others have them.</summary>
    public const int PortTriesMax = 4;

    /// <summary>Ports nobody is registered for (RFC 6335): where to look for a free one.</summary>
    public const int DynamicPortMin = 49152;

    /// <summary>What is asked of PCP and NAT-PMP: the lifetime RFC 6886 recommends.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(7200);

    /// <summary>What is asked of UPnP, whose gateways often keep what nobody takes back.</summary>
    public static readonly TimeSpan UpnpLifetime = TimeSpan.FromSeconds(3600);

    /// <summary>A longer grant is renewed as if it were this.</summary>
    public static readonly TimeSpan LifetimeMax = TimeSpan.FromHours(24);

    /// <summary>No renewals in shorter order, whatever was granted (RFC 6887, section 11.2.1).</summary>
    public static readonly TimeSpan RenewMin = TimeSpan.FromSeconds(4);

    /// <summary>How often a gateway is asked whether it still knows: a lost mapping is back within this.</summary>
    public static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(60);

    /// <summary>After an announcement each client waits a part of this, so that not all ask at once.</summary>
    public static readonly TimeSpan AnnouncementDelayMax = TimeSpan.FromSeconds(1);

    /// <summary>Announcements are believed this often.</summary>
    public static readonly TimeSpan AnnouncementEvery = TimeSpan.FromSeconds(4);

    /// <summary>Interfaces change in bursts.</summary>
    public static readonly TimeSpan ChangeSettle = TimeSpan.FromMilliseconds(500);

    /// <summary>After the first device answered a search, others may follow.</summary>
    public static readonly TimeSpan SearchSettle = TimeSpan.FromMilliseconds(50);

    /// <summary>One HTTP question and its answer.</summary>
    public static readonly TimeSpan HttpMax = TimeSpan.FromSeconds(1);

    /// <summary>For giving a mapping back: who leaves does not wait for a gateway.</summary>
    public static readonly TimeSpan ReleaseMax = TimeSpan.FromSeconds(1);

    /// <summary>Without a mapping: look again.</summary>
    public static readonly TimeSpan Retry = TimeSpan.FromMinutes(10);

    /// <summary>The least of what a gateway may name.</summary>
    public static readonly TimeSpan RetryMin = TimeSpan.FromSeconds(30);

    /// <summary>After its owner's no.</summary>
    public static readonly TimeSpan NotAllowedRetry = TimeSpan.FromHours(1);

    /// <summary>Probes in parallel: all at once, and again only where nobody answered.</summary>
    public static readonly TimeSpan[] ProbePatience = Seconds(0.25, 1, 2, 4);

    /// <summary>Tries of one PCP request.</summary>
    public static readonly TimeSpan[] PcpPatience = Seconds(0.25, 1, 2, 4);

    /// <summary>Tries of one NAT-PMP request (RFC 6886: 250 ms, doubled).</summary>
    public static readonly TimeSpan[] NatPmpPatience = Seconds(0.25, 0.5, 1);

    /// <summary>Tries of one HTTP question.</summary>
    public const int HttpTriesMax = 2;

    private static TimeSpan[] Seconds(params double[] seconds) => [.. seconds.Select(TimeSpan.FromSeconds)];
}
