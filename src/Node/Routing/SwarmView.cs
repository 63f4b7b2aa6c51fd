using Swarm.Inference.Model;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Routing;

/// <summary>Who offers which blocks of one model, as far as this node knows at one moment. Never changes.</summary>
/// <param name="Offers">At most one claim per node.</param>
public sealed record SwarmView(IReadOnlyList<PeerOffer> Offers)
{
    /// <summary>Nobody offers anything.</summary>
    public static SwarmView Empty { get; } = new([]);

    /// <summary>The blocks of a model of <paramref name="blockCount"/> blocks that nobody serves.</summary>
    public IReadOnlyList<BlockRange> Uncovered(int blockCount)
        => Uncovered(blockCount, Offers.Where(offer => offer.Offer.State == OfferState.Serving).Select(o => o.Blocks));

    internal static IReadOnlyList<BlockRange> Uncovered(int blockCount, IEnumerable<BlockRange> held)
    {
        var missing = new List<BlockRange>();
        int covered = 0;

        foreach (BlockRange range in held.Order())
        {
            if (range.First > covered)
            {
                missing.Add(new BlockRange(covered, Math.Min(range.First, blockCount)));
            }

            covered = Math.Max(covered, range.Last);

            if (covered >= blockCount)
            {
                return missing;
            }
        }

        missing.Add(new BlockRange(covered, blockCount));
        return missing;
    }
}
