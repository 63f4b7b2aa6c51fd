using System.Buffers.Binary;
using Swarm.Dht;
using Swarm.Protocol.Identity;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulator;

/// <summary>Who holds the blocks of which model: two hundred models, the first held by every tenth node.</summary>
public sealed class Shelf
{
    private const int Models = 200;
    private const int Groups = 4;
    private const int GroupsPerNode = 2;

    // What makes the first of two hundred as popular as it is.
    private const double ZipfExponent = 0.8;

    // A BlockOffer with a few measured links.
    private const int OfferBytes = 250;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(120);

    private readonly DhtSwarm _swarm;
    private readonly Random _random;
    private readonly double[] _popularity = new double[Models];
    private readonly Dictionary<NodeId, Dictionary<NodeId, long>> _holders = [];
    private readonly Dictionary<NodeId, NodeId[]> _held = [];

    public Shelf(DhtSwarm swarm, Random random)
    {
        (_swarm, _random) = (swarm, random);
        double sum = 0;

        for (int model = 0; model < Models; model++)
        {
            _popularity[model] = sum += Math.Pow(model + 1, -ZipfExponent);
        }
    }

    /// <summary>A node takes a span of 16 blocks and keeps it published; returns once it is held.</summary>
    public async Task PublishAsync(DhtMember member, TimeSpan spread)
    {
        int model = DrawModel();
        int first = _random.Next(Groups - GroupsPerNode + 1);
        NodeId[] keys = [.. Enumerable.Range(first, GroupsPerNode).Select(group => Key(model, group))];
        byte[] value = new byte[OfferBytes];
        _random.NextBytes(value);
        _held[member.Id] = keys;

        try
        {
            await _swarm.WaitAsync(spread.TotalSeconds * _random.NextDouble());

            foreach (NodeId key in keys)
            {
                if (!member.IsAlive)
                {
                    return;
                }

                _ = await member.Dht.PublishAsync(key, value, Lease, CancellationToken.None);

                if (member.IsAlive)
                {
                    HoldersOf(key)[member.Id] = _swarm.Loop.Clock.GetTimestamp();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It died while it published.
        }
    }

    public void Forget(DhtMember dead)
    {
        if (_held.Remove(dead.Id, out NodeId[]? keys))
        {
            foreach (NodeId key in keys)
            {
                _ = HoldersOf(key).Remove(dead.Id);
            }
        }
    }

    public bool IsAlive(NodeId holder) => _held.ContainsKey(holder);

    /// <summary>A block somebody wants, popular models more often.</summary>
    public NodeId DrawKey() => Key(DrawModel(), _random.Next(Groups));

    /// <summary>Who had published it by then and is alive.</summary>
    public HashSet<NodeId> Holders(NodeId key, long before)
        => [.. HoldersOf(key).Where(holder => holder.Value <= before).Select(holder => holder.Key)];

    private Dictionary<NodeId, long> HoldersOf(NodeId key)
    {
        if (!_holders.TryGetValue(key, out Dictionary<NodeId, long>? holders))
        {
            _holders[key] = holders = [];
        }

        return holders;
    }

    private int DrawModel()
    {
        double drawn = _random.NextDouble() * _popularity[^1];
        int place = Array.BinarySearch(_popularity, drawn);
        return Math.Min(Models - 1, place < 0 ? ~place : place);
    }

    private static NodeId Key(int model, int group)
    {
        byte[] hash = new byte[NodeId.Size];
        BinaryPrimitives.WriteInt32LittleEndian(hash, model);
        return DhtKeys.Blocks(SwarmId.FromName("one"), hash, group);
    }
}
