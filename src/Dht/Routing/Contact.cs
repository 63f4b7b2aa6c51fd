using System.Diagnostics.CodeAnalysis;
using System.Net;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Dht.Routing;

/// <summary>A node and where it says it can be dialled.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Addresses">Where to dial, best first; each names the node, so nobody else can answer in its
/// place.</param>
public sealed record Contact(NodeId Id, IReadOnlyList<PeerAddress> Addresses)
{
    /// <summary>The message that names this contact to others.</summary>
    public Protocol.Messages.Contact ToMessage()
    {
        Span<byte> id = stackalloc byte[NodeId.Size];
        Id.Write(id);
        var message = new Protocol.Messages.Contact { Node = ByteString.CopyFrom(id) };
        message.Addresses.Add(
            Addresses.Select(address => new Address { Host = address.Host, Port = (uint)address.Port }));
        return message;
    }

    /// <summary>Reads a contact a peer named; false when it makes no sense.</summary>
    public static bool TryRead(Protocol.Messages.Contact message, [NotNullWhen(true)] out Contact? contact)
    {
        contact = null;

        if (message.Node.Length != NodeId.Size)
        {
            return false;
        }

        return TryRead(NodeId.Read(message.Node.Span), message.Addresses, out contact);
    }

    /// <summary>Reads the addresses a node claims; false when none can be dialled.</summary>
    public static bool TryRead(NodeId id, RepeatedField<Address> claimed, [NotNullWhen(true)] out Contact? contact)
    {
        var addresses = new List<PeerAddress>(Math.Min(claimed.Count, DhtLimits.AddressesMax));

        foreach (Address address in claimed)
        {
            if (addresses.Count == DhtLimits.AddressesMax)
            {
                break;
            }

            if (IsDiallable(address))
            {
                addresses.Add(new PeerAddress(address.Host, (int)address.Port, id));
            }
        }

        contact = addresses.Count == 0 ? null : new Contact(id, addresses);
        return contact is not null;
    }

    private static bool IsDiallable(Address address)
        => address.Host.Length is > 0 and <= DhtLimits.HostCharactersMax
            && address.Port is >= 1 and <= 65535
            && !address.Host.AsSpan().ContainsAny(" @/")
            && !(IPAddress.TryParse(address.Host, out IPAddress? ip)
                && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)));
}
