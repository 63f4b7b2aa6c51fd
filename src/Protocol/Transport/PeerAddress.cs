using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Transport;

/// <summary>Where a node can be dialled and, when known, who must answer there.</summary>
/// <param name="Host">An IP literal or a DNS name.</param>
/// <param name="Port">A TCP port, 1 to 65535.</param>
/// <param name="Node">The node that must answer, or null for a bootstrap address, whose node is learnt.</param>
public sealed record PeerAddress(string Host, int Port, NodeId? Node = null)
{
    /// <summary>Parses <c>host:port</c> or <c>[v6]:port</c>, each optionally behind <c>node@</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PeerAddress? address)
    {
        address = null;
        NodeId? node = null;
        int at = text.IndexOf('@', StringComparison.Ordinal);

        if (at >= 0)
        {
            if (!NodeId.TryParse(text[..at], out NodeId parsed))
            {
                return false;
            }

            node = parsed;
            text = text[(at + 1)..];
        }

        int colon = text.LastIndexOf(':');

        if (colon <= 0
            || !int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            || port is < 1 or > 65535)
        {
            return false;
        }

        string host = text[..colon];
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');

        if (bracketed)
        {
            host = host[1..^1];
        }

        if (host.Length == 0
            || (!bracketed && host.Contains(':', StringComparison.Ordinal))
            || host.Contains(' ', StringComparison.Ordinal))
        {
            return false;
        }

        address = new PeerAddress(host, port, node);
        return true;
    }

    /// <summary>The form <see cref="TryParse"/> reads.</summary>
    public override string ToString()
    {
        string host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        string address = string.Create(CultureInfo.InvariantCulture, $"{host}:{Port}");

        return Node is { } node ? $"{node}@{address}" : address;
    }
}
