using Google.Protobuf;
using Swarm.Node.Access;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;

namespace Swarm.Node.Membership;

/// <summary>The node of this device, as it shows itself to who can read its folder.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Links">To whom it is linked, in the order of their names; guests are left out.</param>
internal sealed record OwnNode(NodeId Id, string Name, IReadOnlyList<NodeLink> Links)
{
    // The tag and the length of a field of less than 16 KiB, and what the message itself needs.
    private const int FieldBytes = 3;
    private const int EnvelopeBytes = 16;

    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(2);

    /// <summary>Asks it.</summary>
    /// <param name="guest">Who has entered, through it or not.</param>
    /// <param name="choice">The swarm that is meant.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>Null when none runs here, the guest came in elsewhere, or it does not say.</returns>
    public static async Task<OwnNode?> AskAsync(
        SwarmMember guest, SwarmChoice choice, TimeProvider time, CancellationToken cancel)
    {
        if (LocalNode.Find(choice.Folder) is not { } here
            || !PeerAddress.TryParse(here.Address, out PeerAddress? address)
            || address.Node is not { } id
            || !guest.Links.TryGet(id, out ILink? link))
        {
            return null;
        }

        try
        {
            var show = new ShowLinks { Token = ByteString.CopyFrom(Convert.FromHexString(here.ControlToken)) };
            Envelope answer = await link.RequestAsync(
                new Envelope { ShowLinks = show }, StreamPriority.Control, AnswerMax, time, cancel);
            return answer.LinksShown is { } shown ? new OwnNode(id, here.Name, Read(shown)) : null;
        }
        catch (Exception e) when (e is LinkClosedException or FaultException or FormatException)
        {
            // Gone, or of a version that does not say.
            return null;
        }
    }

    /// <summary>What a node says of its links.</summary>
    /// <param name="links">The links.</param>
    /// <param name="asker">Who asks, and is no peer.</param>
    public static LinksShown Show(LinkPool links, NodeId asker)
        => Fit(links.Links
            .Where(link => link.Remote != asker && !link.IsClosed && link.RemoteHello.Addresses.Count > 0)
            .OrderBy(link => link.RemoteHello.Name, StringComparer.Ordinal)
            .ThenBy(link => link.Remote)
            .Select(link => new ShownLink
            {
                Node = Bytes(link.Remote),
                Name = link.RemoteHello.Name,
                Punched = links.WayOf(link) == LinkWay.Punched,
                Relay = link.Relay is { } relay ? Bytes(relay) : ByteString.Empty,
                Seen = link.SeenAt?.ToMessage(),
                Outside = Outside(link)?.ToMessage(),
                RoundTripMs = link.RoundTrip.TotalMilliseconds,
            }));

    /// <summary>As many as one message holds: peers may have long names.</summary>
    internal static LinksShown Fit(IEnumerable<ShownLink> links)
    {
        var shown = new LinksShown();
        int room = WireLimits.HeaderBytesMax - EnvelopeBytes;

        foreach (ShownLink link in links)
        {
            room -= link.CalculateSize() + FieldBytes;

            if (room < 0)
            {
                break;
            }

            shown.Links.Add(link);
        }

        return shown;
    }

    /// <summary>Reads the answer; what makes no sense is left out.</summary>
    public static IReadOnlyList<NodeLink> Read(LinksShown shown)
        => [.. shown.Links.Where(link => link.Node.Length == NodeId.Size).Select(link =>
        {
            var node = NodeId.Read(link.Node.Span);
            NodeId? relay = link.Relay.Length == NodeId.Size ? NodeId.Read(link.Relay.Span) : null;
            return new NodeLink(
                node,
                OfferRules.Printable(link.Name),
                relay is not null ? LinkWay.Relayed : link.Punched ? LinkWay.Punched : LinkWay.Direct,
                relay,
                link.Seen is { } seen ? PeerAddress.Read(seen, node) : null,
                link.Outside is { } outside ? PeerAddress.Read(outside, node) : null,
                double.IsFinite(link.RoundTripMs) ? link.RoundTripMs : 0);
        })];

    // What a peer says is its word only, and may be anything.
    private static PeerAddress? Outside(ILink link)
        => link is { Relay: null, IsFromListener: true, RemoteHello.Observed: { } seen }
            ? PeerAddress.Read(seen, link.Remote)
            : null;

    private static ByteString Bytes(NodeId node)
    {
        byte[] bytes = new byte[NodeId.Size];
        node.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }
}
