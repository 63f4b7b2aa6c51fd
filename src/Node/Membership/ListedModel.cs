using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Membership;

/// <summary>A node says that it holds part of a model of this name.</summary>
/// <param name="Holder">Who signed it.</param>
/// <param name="Listing">What it says.</param>
internal sealed record ListedModel(NodeId Holder, ModelListing Listing)
{
    /// <summary>The model's manifest hash.</summary>
    public ReadOnlyMemory<byte> Model => Listing.Model.Memory;
}
