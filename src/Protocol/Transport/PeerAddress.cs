using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using Google.Protobuf;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>Where a node can be dialled and, when known, who must answer there.</summary>
/// <param name="Host">An IP literal or a DNS name.</param>
/// <param name="Port">A TCP port, 1 to 65535.</param>
/// <param name="Node">The node that must answer, or null for a bootstrap address, whose node is learnt.</param>
public sealed record PeerAddress(string Host, int Port, NodeId? Node = null)
{
    /// <summary>
    /// The relay that answers there and carries circuits to <see cref="Node"/>; null when the node itself does.
    /// </summary>
    public NodeId? Relay { get; init; }

    /// <summary>Where that relay is dialled.</summary>
    internal PeerAddress Via => new(Host, Port, Relay);

    /// <summary>Whether it is an address of the open internet; of a name nobody can tell.</summary>
    internal bool IsPublic => IPAddress.TryParse(Host, out IPAddress? ip) && PublicNetwork.Contains(ip);

    /// <summary>The wire form, in which <see cref="Node"/> is known from elsewhere.</summary>
    public Address ToMessage()
    {
        var address = new Address { Host = Host, Port = (uint)Port };

        if (Relay is { } relay)
        {
            Span<byte> bytes = stackalloc byte[NodeId.Size];
            relay.Write(bytes);
            address.Relay = ByteString.CopyFrom(bytes);
        }

        return address;
    }

    /// <summary>Reads the wire form of an address of a node; null when it makes no sense.</summary>
    /// <remarks>
    /// No node names itself by DNS: a name of a peer's choice could lead anywhere, as often as it likes.
    /// </remarks>
    public static PeerAddress? Read(Address address, NodeId node)
        => address.Port is < 1 or > 65535
            || address.Host.Length > WireLimits.HostLettersMax
            || !IPAddress.TryParse(address.Host, out _)
            || address.Relay.Length is not 0 and not NodeId.Size
            ? null
            : new PeerAddress(address.Host, (int)address.Port, node)
            {
                Relay = address.Relay.IsEmpty ? null : NodeId.Read(address.Relay.Span),
            };

    /// <summary>
    /// Parses <c>host:port</c> or <c>[v6]:port</c>, each optionally behind <c>node@</c> or <c>node@relay@</c>.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out PeerAddress? address)
    {
        address = null;
        NodeId? node = null;
        NodeId? relay = null;

        for (int at; (at = text.IndexOf('@', StringComparison.Ordinal)) >= 0; text = text[(at + 1)..])
        {
            if (relay is not null || !NodeId.TryParse(text[..at], out NodeId parsed))
            {
                return false;
            }

            (node, relay) = node is null ? (parsed, null) : (node, (NodeId?)parsed);
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

        address = new PeerAddress(host, port, node) { Relay = relay };
        return true;
    }

    /// <summary>The form <see cref="TryParse"/> reads.</summary>
    public override string ToString()
    {
        string host = Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;
        string address = string.Create(CultureInfo.InvariantCulture, $"{host}:{Port}");

        return Node is not { } node ? address
            : Relay is { } relay ? $"{node}@{relay}@{address}"
            : $"{node}@{address}";
    }
}
