using System.Buffers.Binary;
using Swarm.Dht;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Testing.Kademlia;
using Contact = Swarm.Dht.Routing.Contact;

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

    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(120);

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

    /// <summary>
    /// Every node has published its span for hours: its records lie with the nodes nearest to their keys, and each will
    /// be renewed when its time comes. To be called a lease after the clock's beginning, for they are as old as that.
    /// </summary>
    public void Stock()
    {
        var members = _swarm.Members.ToDictionary(member => member.Id);
        var contacts = members.ToDictionary(member => member.Key, member => member.Value.Contact);
        var nearest = new Dictionary<NodeId, Contact[]>();
        var records = new List<SignedRecord>();

        foreach (DhtMember member in _swarm.Members)
        {
            byte[] value = Take(member);

            foreach (NodeId key in _held[member.Id])
            {
                if (!nearest.TryGetValue(key, out Contact[]? holders))
                {
                    holders = [.. _swarm.Nearest(key, _swarm.Options.Replicas).Select(id => contacts[id])];
                    nearest[key] = holders;
                }

                records.Add(member.Dht.Resume(key, value, Lease, holders).Record!);
                HoldersOf(key)[member.Id] = _swarm.Loop.Clock.GetTimestamp();
            }
        }

        // In the order in which they came: of a full key the freshest are left.
        foreach (SignedRecord record in records.OrderBy(record => record.IssuedMs))
        {
            var given = DateTimeOffset.FromUnixTimeMilliseconds((long)record.IssuedMs);

            foreach (Contact holder in nearest[NodeId.Read(record.Key.Span)])
            {
                DhtNode node = members[holder.Id].Dht;
                TimeSpan age = node.Now.Utc - given;
                _ = node.Store.Accept(record, new Moment(node.Now.Elapsed - age, given));
            }
        }
    }

    /// <summary>A node takes a span of 16 blocks and keeps it published; returns once it is held.</summary>
    public async Task PublishAsync(DhtMember member)
    {
        byte[] value = Take(member);

        try
        {
            foreach (NodeId key in _held[member.Id])
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

    // Chooses its span, and what it says of it.
    private byte[] Take(DhtMember member)
    {
        int model = DrawModel();
        int first = _random.Next(Groups - GroupsPerNode + 1);
        byte[] value = new byte[OfferBytes];
        _random.NextBytes(value);
        _held[member.Id] = [.. Enumerable.Range(first, GroupsPerNode).Select(group => Key(model, group))];
        return value;
    }

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
