using NUnit.Framework;
using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Simulation.Tests;

/// <summary>A swarm of real DHT nodes on one thread, under one clock and one seed.</summary>
internal sealed class DhtSwarm(SimulationLoop loop, DhtOptions? options = null)
{
    /// <summary>Small k, so that two hundred nodes are many and lookups need several hops.</summary>
    internal static readonly DhtOptions Narrow = new()
    {
        BucketSize = 4,
        Lookup = new LookupOptions { Width = 4, Parallelism = 3 },
        Replicas = 4,
    };

    private readonly List<DhtMember> _members = [];

    internal DhtOptions Options { get; } = options ?? Narrow;

    internal SimulationLoop Loop { get; } = loop;

    internal SimulatedNetwork Network { get; } = new(loop);

    internal IReadOnlyList<DhtMember> Members => _members;

    internal IEnumerable<DhtMember> Alive => _members.Where(member => member.IsAlive);

    internal IEnumerable<DhtMember> Servers => Alive.Where(member => member.IsServer);

    /// <summary>More nodes join through the first two, one every 100 ms.</summary>
    internal async Task JoinAllAsync(int count)
    {
        var joining = new List<Task>();

        for (int i = 0; i < count; i++)
        {
            joining.Add(JoinAsync());
            await WaitAsync(0.1);
        }

        await Task.WhenAll(joining);
    }

    /// <summary>A new node joins through two of those that are there.</summary>
    internal async Task<DhtMember> JoinAsync(string name = "one", bool server = true)
    {
        PeerAddress[] bootstraps = [.. Servers.Take(2).Select(member => member.Address)];
        DhtMember member = Add(name, server);
        _ = await member.StartAsync(bootstraps);
        return member;
    }

    /// <summary>A new node that has not been started.</summary>
    internal DhtMember Add(string name = "one", bool server = true)
    {
        var member = new DhtMember(this, SimulatedKeys.Get(_members.Count), name, server, Options);
        _members.Add(member);
        return member;
    }

    /// <summary>A killed node starts again under its old name and address, knowing nothing.</summary>
    internal DhtMember Revive(DhtMember dead, string name = "one")
    {
        _ = _members.Remove(dead);
        var member = new DhtMember(this, dead.Key, name, dead.IsServer, Options, dead.Address);
        _members.Add(member);
        return member;
    }

    internal Task WaitAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), Loop.Clock);

    internal DhtMember Pick()
    {
        DhtMember[] alive = [.. Alive];
        return alive[Loop.Random.Next(alive.Length)];
    }

    internal NodeId PickPoint()
    {
        Span<byte> bytes = stackalloc byte[NodeId.Size];
        Loop.Random.NextBytes(bytes);
        return NodeId.Read(bytes);
    }

    /// <summary>Who is nearest to a point, by looking at everybody.</summary>
    internal NodeId[] Nearest(NodeId target, int count, NodeId? without = null)
        => [.. Servers.Select(member => member.Id)
            .Where(id => id != without)
            .OrderBy(id => id.DistanceTo(target))
            .Take(count)];

    /// <summary>The share of all contacts in all tables that are dead.</summary>
    internal double StaleShare()
    {
        HashSet<NodeId> alive = [.. Alive.Select(member => member.Id)];
        NodeId[] contacts = [.. Alive.SelectMany(member => member.Contacts)];
        return (double)contacts.Count(id => !alive.Contains(id)) / contacts.Length;
    }

    /// <summary>What must hold at every moment, whatever happened.</summary>
    internal void CheckInvariants()
    {
        HashSet<NodeId> clients = [.. _members.Where(member => !member.IsServer).Select(member => member.Id)];

        foreach (DhtMember member in Alive)
        {
            Assert.That(member.Contacts, Is.Unique);
            Assert.That(member.Contacts, Has.None.EqualTo(member.Id));
            Assert.That(member.Contacts.Where(clients.Contains), Is.Empty, "clients are nobody's contacts");

            foreach ((int index, Bucket bucket) in member.Dht.Table.Buckets)
            {
                Assert.That(bucket.Entries, Has.Count.LessThanOrEqualTo(Options.BucketSize));
                Assert.That(
                    bucket.Entries.Select(entry => member.Dht.Table.BucketOf(entry.Contact.Id)), Is.All.EqualTo(index));
            }

            Assert.That(member.IsServer || member.Dht.Store.Count == 0, "a client holds nothing");
        }
    }

    internal static Task<IReadOnlyList<FoundRecord>> ReadAsync(DhtMember reader, NodeId key)
        => reader.Dht.FindRecordsAsync(key, CancellationToken.None);
}
