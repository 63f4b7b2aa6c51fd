using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Discovery.Lan;

/// <summary>The names of DNS-SD (RFC 6763) under which nodes are announced and looked for.</summary>
internal static class LanNames
{
    private const int SuffixBytes = 3;

    private static readonly DnsName Local = DnsName.Of("local");

    /// <summary>All nodes of all swarms.</summary>
    public static DnsName Service { get; } = Local.Child("_tcp").Child("_swarm");

    /// <summary>All services of all kinds (RFC 6763, section 9).</summary>
    public static DnsName Services { get; } = Local.Child("_udp").Child("_dns-sd").Child("_services");

    /// <summary>The nodes of one swarm: its members hear of no others.</summary>
    public static DnsName Subtype(SwarmId swarm) => Service.Child("_sub").Child($"_{swarm}");

    /// <summary>Where the nodes of a swarm are listed, or, for null, those of all.</summary>
    public static DnsName Of(SwarmId? swarm) => swarm is { } one ? Subtype(one) : Service;

    /// <summary>A node's own label: 52 letters of the 63 a label may have.</summary>
    public static string Label(NodeId node)
    {
        Span<byte> bytes = stackalloc byte[NodeId.Size];
        node.Write(bytes);
        return Base32.Encode(bytes);
    }

    /// <summary>Another label for the same node, when somebody else uses its own.</summary>
    public static string OtherLabel(NodeId node, Random random)
    {
        byte[] suffix = new byte[SuffixBytes];
        random.NextBytes(suffix);
        return $"{Label(node)}-{Base32.Encode(suffix)}";
    }

    /// <summary>The announcement of the node with this label.</summary>
    public static DnsName Instance(string label) => Service.Child(label);

    /// <summary>The device's name in that announcement.</summary>
    public static DnsName Host(string label) => Local.Child(label);
}
