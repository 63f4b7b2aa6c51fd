using System.Diagnostics.CodeAnalysis;
using System.Net;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Dht.Routing;

/// <summary>A node and where it says it can be dialled.</summary>
/// <param name="id">Its name.</param>
/// <param name="addresses">Where to dial, best first; each names the node, so nobody else can answer in its
/// place.</param>
public sealed class Contact(NodeId id, IReadOnlyList<PeerAddress> addresses)
{
    private Protocol.Messages.Contact? _message;
    private string[]? _groups;

    /// <summary>Its name.</summary>
    public NodeId Id { get; } = id;

    /// <summary>Where to dial, best first.</summary>
    public IReadOnlyList<PeerAddress> Addresses { get; } = addresses;

    /// <summary>The networks its addresses lie in: see <see cref="AddressGroup"/>.</summary>
    internal IReadOnlyList<string> Groups => _groups ??= [.. AddressGroup.Of(this)];

    /// <summary>
    /// The message that names this contact to others, with as many of its addresses as fit: the same each time, and not
    /// to be changed.
    /// </summary>
    public Protocol.Messages.Contact ToMessage() => _message ??= CreateMessage();

    /// <summary>Reads a contact a peer named; false when it makes no sense.</summary>
    public static bool TryRead(Protocol.Messages.Contact message, [NotNullWhen(true)] out Contact? contact)
    {
        contact = message.Meaning as Contact;

        if (contact is null
            && message.Node.Length == NodeId.Size
            && TryRead(NodeId.Read(message.Node.Span), message.Addresses, out contact))
        {
            message.Meaning = contact;
        }

        return contact is not null;
    }

    /// <summary>Reads what a peer said of itself; false when it cannot be dialled.</summary>
    public static bool TryRead(NodeId id, Hello hello, [NotNullWhen(true)] out Contact? contact)
    {
        contact = hello.Meaning as Contact;

        if (contact?.Id != id && TryRead(id, hello.Addresses, out contact))
        {
            hello.Meaning = contact;
        }

        return contact is not null;
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

    private Protocol.Messages.Contact CreateMessage()
    {
        Span<byte> id = stackalloc byte[NodeId.Size];
        Id.Write(id);
        var message = new Protocol.Messages.Contact { Node = ByteString.CopyFrom(id), Meaning = this };

        foreach (PeerAddress address in Addresses)
        {
            message.Addresses.Add(new Address { Host = address.Host, Port = (uint)address.Port });

            if (message.CalculateSize() > DhtLimits.ContactBytesMax)
            {
                message.Addresses.RemoveAt(message.Addresses.Count - 1);
                break;
            }
        }

        return message;
    }

    // No DNS name: it belongs to no network of which only so many are let in, and leads where its owner likes.
    private static bool IsDiallable(Address address)
        => address.Relay.IsEmpty
            && address.Host.Length is > 0 and <= DhtLimits.HostCharactersMax
            && address.Port is >= 1 and <= 65535
            && !address.Host.AsSpan().ContainsAny(" @/[")
            && IPAddress.TryParse(address.Host, out IPAddress? ip)
            && !ip.Equals(IPAddress.Any)
            && !ip.Equals(IPAddress.IPv6Any);
}
