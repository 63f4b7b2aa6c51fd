using Google.Protobuf;
using Swarm.Dht;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Membership;

/// <summary>Keeps this node's claims in the DHT true: its blocks under each of their groups, and its model.</summary>
internal sealed class OfferPublisher(DhtNode dht, SwarmId swarm, Func<ModelListing> listing, TimeSpan lease)
{
    private readonly Dictionary<NodeId, Publication> _offers = [];
    private Publication? _listing;
    private byte[] _listed = [];

    /// <summary>Publishes what this node offers now, in the place of what it offered before.</summary>
    public async Task AnnounceAsync(BlockOffer offer, CancellationToken cancel)
    {
        byte[] value = offer.ToByteArray();
        NodeId[] keys = [.. Keys(offer)];

        // First, so that of all this node's records the new ones are the newest.
        foreach (NodeId key in _offers.Keys.Except(keys).ToArray())
        {
            _ = _offers.Remove(key, out Publication? left);
            _ = await left!.WithdrawAsync(Tombstone(offer), cancel);
        }

        foreach (NodeId key in keys)
        {
            if (_offers.TryGetValue(key, out Publication? publication))
            {
                _ = await publication.UpdateAsync(value, cancel);
            }
            else
            {
                _offers[key] = await dht.PublishAsync(key, value, lease, cancel);
            }
        }

        byte[] listed = listing().ToByteArray();

        if (_listing is null)
        {
            _listing = await dht.PublishAsync(DhtKeys.Models(swarm), listed, lease, cancel);
        }
        else if (!listed.AsSpan().SequenceEqual(_listed))
        {
            _ = await _listing.UpdateAsync(listed, cancel);
        }

        _listed = listed;
    }

    /// <summary>Publishes tombstones: nobody needs to find out that this node is gone.</summary>
    public async Task WithdrawAsync(BlockOffer last, CancellationToken cancel)
    {
        byte[] value = Tombstone(last);
        List<Task> withdrawals = [.. _offers.Values.Select(offer => offer.WithdrawAsync(value, cancel))];

        if (_listing is not null)
        {
            withdrawals.Add(_listing.WithdrawAsync(new ModelListing().ToByteArray(), cancel));
        }

        await Task.WhenAll(withdrawals);
        _offers.Clear();
        _listing = null;
    }

    private IEnumerable<NodeId> Keys(BlockOffer offer)
    {
        for (int group = DhtKeys.GroupOf((int)offer.First); group <= DhtKeys.GroupOf((int)offer.Last - 1); group++)
        {
            yield return DhtKeys.Blocks(swarm, offer.Model.Span, group);
        }
    }

    private static byte[] Tombstone(BlockOffer last)
    {
        var tombstone = new BlockOffer(last) { State = OfferState.Left };
        tombstone.Links.Clear();
        return tombstone.ToByteArray();
    }
}
