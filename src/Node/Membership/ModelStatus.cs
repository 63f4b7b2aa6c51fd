using Swarm.Inference.Model;
using Swarm.Node.Routing;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Membership;

/// <summary>One model of the swarm and who holds which of its blocks, at one moment.</summary>
/// <param name="Listing">What its holders say of it.</param>
/// <param name="View">Their offers.</param>
internal sealed record ModelStatus(ModelListing Listing, SwarmView View)
{
    public int BlockCount => (int)Listing.BlockCount;

    /// <summary>How many nodes serve each block now.</summary>
    public IReadOnlyList<int> Replicas
        => [.. Enumerable.Range(0, BlockCount).Select(block => View.Offers.Count(offer =>
            offer.Offer.State == OfferState.Serving && offer.Blocks.Contains(block)))];

    /// <summary>Blocks that nobody serves: without them the model tells nothing.</summary>
    public IReadOnlyList<BlockRange> Uncovered => View.Uncovered(BlockCount);
}
