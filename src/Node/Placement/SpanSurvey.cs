using Swarm.Inference.Model;
using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Placement;

/// <summary>What a swarm holds of a model already, as placement sees it.</summary>
internal static class SpanSurvey
{
    // Who has not measured yet counts as middling: 10 ms a block is a laptop with a model of 8B.
    private const double UnknownPerBlockMs = 10;

    /// <summary>The spans that count: served ones, and those that are being loaded.</summary>
    public static IEnumerable<OfferedSpan> Read(SwarmView view)
        => view.Offers
            .Where(offer => offer.Offer.State is OfferState.Serving or OfferState.Joining)
            .Select(offer => new OfferedSpan(
                offer.Blocks,
                offer.Offer.DecodePerBlockMs > 0 ? offer.Offer.DecodePerBlockMs : UnknownPerBlockMs));

    /// <summary>
    /// What stands when <paramref name="self"/> chooses: the offers of all who have settled, and of those still
    /// choosing whose turn comes first, by the order of their ids.
    /// </summary>
    public static SwarmView Before(SwarmView view, NodeId self)
        => new([.. view.Offers.Where(offer => offer.Node != self && (!IsChoosing(offer) || IsEarlier(offer, self)))]);

    /// <summary>Whether somebody whose turn comes first is still choosing.</summary>
    public static bool IsTurnOfOther(SwarmView view, NodeId self)
        => view.Offers.Any(offer => IsChoosing(offer) && IsEarlier(offer, self));

    private static bool IsChoosing(PeerOffer offer)
        => offer.Offer is { State: OfferState.Joining, Choosing: true };

    private static bool IsEarlier(PeerOffer offer, NodeId self) => offer.Node.CompareTo(self) < 0;

    /// <summary>The span that the swarm lacks most; null when none fits.</summary>
    public static BlockRange? Choose(SwarmView view, ModelConfig config, double perBlockMs, MemoryPlan plan)
        => BlockChooser.Choose(
            BlockChooser.Supply(config.BlockCount, Read(view)), perBlockMs, plan.Fits, config.MayHold);
}
