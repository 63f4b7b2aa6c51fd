namespace Swarm.Node.Discovery.Lan.Wire;

/// <summary>Every bound on a DNS packet from the local network, in one place, each with its reason.</summary>
internal static class DnsLimits
{
    /// <summary>9,000 bytes, headers included: the most RFC 6762 (section 17) lets a packet have.</summary>
    public const int PacketBytesMax = 9000;

    /// <summary>255 bytes of a name on the wire, its terminator included (RFC 1035).</summary>
    public const int NameBytesMax = 255;

    /// <summary>63 bytes of a label: two bits of its length say something else.</summary>
    public const int LabelBytesMax = 63;

    /// <summary>128 jumps in a name: it has at most 127 labels.</summary>
    public const int JumpsMax = 128;

    /// <summary>256 questions and records: an honest packet of 1,472 bytes holds about fifty.</summary>
    public const int EntriesMax = 256;

    /// <summary>The fixed part of a packet.</summary>
    public const int HeaderBytes = 12;

    /// <summary>What fits an Ethernet frame in one piece over IPv4; what we send is never larger.</summary>
    public const int SentBytesMax4 = 1472;

    /// <summary>The same over IPv6, whose header is longer.</summary>
    public const int SentBytesMax6 = 1440;
}
