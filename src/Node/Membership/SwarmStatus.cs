using Swarm.Node.Routing;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Membership;

/// <summary>What a swarm holds at one moment.</summary>
/// <param name="Swarm">Its name.</param>
/// <param name="Models">Its models in the order of their names.</param>
internal sealed record SwarmStatus(string Swarm, IReadOnlyList<ModelStatus> Models)
{
    /// <summary>Nodes that hold anything.</summary>
    public int NodeCount
        => Models.SelectMany(model => model.View.Offers).Select(offer => offer.Node).Distinct().Count();

    /// <summary>Asks the swarm.</summary>
    public static async Task<SwarmStatus> ReadAsync(SwarmMember member, string swarm, CancellationToken cancel)
    {
        IReadOnlyList<ListedModel> listed = await new ModelDirectory(member.Dht, member.Swarm).ReadAsync(cancel);
        ModelListing[] models = [.. listed
            .Select(one => one.Listing)
            .DistinctBy(one => one.Model)
            .OrderBy(one => one.Name, StringComparer.Ordinal)];
        SwarmView[] views = await Task.WhenAll(models.Select(one =>
            new OfferDirectory(member.Dht, member.Swarm, one.Model.Memory, (int)one.BlockCount).ReadAsync(cancel)));

        return new SwarmStatus(swarm, [.. models.Zip(views, (listing, view) => new ModelStatus(listing, view))]);
    }
}
