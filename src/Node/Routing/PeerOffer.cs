using Swarm.Inference.Model;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Routing;

/// <summary>A claim whose signature was checked: this node says it serves these blocks.</summary>
/// <param name="Node">Who signed it.</param>
/// <param name="Offer">What it says.</param>
public sealed record PeerOffer(NodeId Node, BlockOffer Offer)
{
    /// <summary>The blocks the node holds.</summary>
    public BlockRange Blocks => new((int)Offer.First, (int)Offer.Last);

    /// <summary>Whether the node can be dialled through relays only, but for its own network.</summary>
    public bool IsRelayed => Offer.Addresses.Any(address => !address.Relay.IsEmpty);
}
