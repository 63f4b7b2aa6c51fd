using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Membership;

/// <summary>Who holds the blocks of one model, read from the DHT.</summary>
internal sealed class OfferDirectory(DhtNode dht, SwarmId swarm, ReadOnlyMemory<byte> model, int blockCount)
    : IOfferSource
{
    /// <inheritdoc/>
    public async ValueTask<SwarmView> ReadAsync(ReadOnlyMemory<byte> wanted, CancellationToken cancel)
    {
        if (!wanted.Span.SequenceEqual(model.Span))
        {
            return SwarmView.Empty;
        }

        return await ReadAsync(cancel);
    }

    /// <summary>What is known now.</summary>
    public async Task<SwarmView> ReadAsync(CancellationToken cancel)
    {
        IReadOnlyList<FoundRecord>[] groups = await Task.WhenAll(
            Enumerable.Range(0, DhtKeys.GroupOf(blockCount - 1) + 1)
                .Select(group => dht.FindRecordsAsync(DhtKeys.Blocks(swarm, model.Span, group), cancel)));

        return Unite(groups.SelectMany(group => group), model, blockCount);
    }

    /// <summary>The newest sound offer of each node; a node that left offers nothing.</summary>
    internal static SwarmView Unite(IEnumerable<FoundRecord> records, ReadOnlyMemory<byte> model, int blockCount)
        => new([.. records
            .Select(record => (record.Sequence, Offer: OfferRules.ReadOffer(record, model.Span)))
            .Where(found => found.Offer is { } offer && offer.Offer.BlockCount == blockCount)
            .GroupBy(found => found.Offer!.Node)
            .Select(found => found.MaxBy(one => one.Sequence).Offer!)
            .Where(offer => offer.Offer.State != OfferState.Left)
            .OrderBy(offer => offer.Blocks)
            .ThenBy(offer => offer.Node)]);
}
