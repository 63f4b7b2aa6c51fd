using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Membership;

/// <summary>Which models exist in a swarm, by what their holders published.</summary>
internal sealed class ModelDirectory(DhtNode dht, SwarmId swarm)
{
    /// <summary>Every listing that is believed now, in the order of the holders' names.</summary>
    public async Task<IReadOnlyList<ListedModel>> ReadAsync(CancellationToken cancel)
    {
        IReadOnlyList<FoundRecord> records = await dht.FindRecordsAsync(DhtKeys.Models(swarm), cancel);
        return [.. records.Select(OfferRules.ReadListing).OfType<ListedModel>()];
    }
}
