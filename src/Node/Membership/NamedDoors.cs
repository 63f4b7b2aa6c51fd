using System.Net;
using Swarm.Dht;
using Swarm.Protocol;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Node.Membership;

/// <summary>
/// A node that nobody can dial answers nothing in the DHT, and is a way into its swarm all the same: it names nodes
/// that do answer.
/// </summary>
internal static class NamedDoors
{
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(2);

    /// <summary>Names whom this node knows.</summary>
    public static async Task AnswerAsync(DhtNode dht, ILinkStream stream, CancellationToken cancel)
    {
        var shown = new DoorsShown();
        shown.Nodes.AddRange(dht.Known(RememberedNodes.NodesMax).Select(one => one.ToMessage()));
        await stream.SendAsync(new Envelope { DoorsShown = shown }, default, cancel);
        await stream.EndAsync(cancel);
    }

    /// <summary>Where to go on from a node: nowhere from one that answers itself, or does not say.</summary>
    public static async Task<IReadOnlyList<PeerAddress>> AskAsync(
        ILink link, TimeProvider time, CancellationToken cancel)
    {
        if (link.RemoteHello.Server)
        {
            return [];
        }

        try
        {
            Envelope answer = await link.RequestAsync(
                new Envelope { ShowDoors = new ShowDoors() }, StreamPriority.Control, AnswerMax, time, cancel);
            return [.. (answer.DoorsShown?.Nodes ?? [])
                .Take(RememberedNodes.NodesMax)
                .SelectMany(node => Contact.TryRead(node, out Contact? contact) ? Of(contact) : [])];
        }
        catch (Exception e) when (e is LinkClosedException or FaultException or ProtocolException)
        {
            // Gone, or of a version that does not say.
            return [];
        }
    }

    /// <summary>Where to try a node: at its first address, for neighbours, and at its first on the internet.</summary>
    public static IEnumerable<PeerAddress> Of(Contact node)
        => node.Addresses
            .Take(1)
            .Concat(node.Addresses.Where(IsPublic).Take(1))
            .Select(address => address with { Node = node.Id })
            .Distinct();

    private static bool IsPublic(PeerAddress address)
        => IPAddress.TryParse(address.Host, out IPAddress? ip) && PublicNetwork.Contains(ip);
}
