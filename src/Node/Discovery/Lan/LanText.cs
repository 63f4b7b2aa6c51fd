using System.Text;
using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Discovery.Lan;

/// <summary>The text record of an announcement (RFC 6763, section 6): which node, of which swarm.</summary>
/// <param name="Node">The node, which proves it when it is dialled.</param>
/// <param name="Swarm">Its swarm.</param>
internal readonly record struct LanText(NodeId Node, SwarmId Swarm)
{
    // The version of these keys, and the major version of the links.
    private const string TextVersion = "txtvers=1";
    private const string LinkVersion = "v=1";

    /// <summary>The record's content.</summary>
    public byte[] Write()
    {
        var content = new List<byte>();

        foreach (string entry in (string[])[TextVersion, $"pid={Node}", $"sw={Swarm}", LinkVersion])
        {
            content.Add((byte)entry.Length);
            content.AddRange(Encoding.ASCII.GetBytes(entry));
        }

        return [.. content];
    }

    /// <summary>Reads a record, of the first entry of each key as the RFC demands.</summary>
    /// <returns>False for another version, and for what names no node or no swarm.</returns>
    public static bool TryRead(DnsRecord record, out LanText text)
    {
        text = default;
        var entries = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        ReadOnlySpan<byte> rest = record.Content.Span;

        while (rest.Length > 0)
        {
            string entry = Encoding.UTF8.GetString(rest.Slice(1, rest[0]));
            int equal = entry.IndexOf('=', StringComparison.Ordinal);
            rest = rest[(1 + rest[0])..];

            if (equal > 0)
            {
                _ = entries.TryAdd(entry[..equal], entry[(equal + 1)..]);
            }
        }

        if (entries.GetValueOrDefault("txtvers") != "1"
            || entries.GetValueOrDefault("v") != "1"
            || !NodeId.TryParse(entries.GetValueOrDefault("pid") ?? "", out NodeId node)
            || entries.GetValueOrDefault("sw") is not { Length: 2 * SwarmId.Size } swarm
            || !swarm.All(char.IsAsciiHexDigit))
        {
            return false;
        }

        text = new LanText(node, SwarmId.Read(Convert.FromHexString(swarm)));
        return true;
    }
}
