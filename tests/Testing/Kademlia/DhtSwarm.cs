using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Testing.Kademlia;

/// <summary>A swarm of real DHT nodes on one thread, under one clock and one seed.</summary>
public sealed class DhtSwarm(
    SimulationLoop loop,
    DhtOptions? options = null,
    SimulatedNetworkOptions? network = null,
    LinkPoolOptions? links = null,
    bool copies = false)
{
    /// <summary>Small k, so that two hundred nodes are many and lookups need several hops.</summary>
    public static readonly DhtOptions Narrow = new()
    {
        BucketSize = 4,
        Lookup = new LookupOptions { Width = 4, Parallelism = 3 },
        Replicas = 4,
    };

    private readonly List<DhtMember> _members = [];

    // Beside the members, so that the truth about ten thousand is one stretch of memory.
    private readonly List<ulong> _heads = [];
    private readonly List<DhtLiar> _liars = [];
    private readonly HashSet<NodeId> _clients = [];
    private readonly DhtTraffic[] _ofTheDead = new DhtTraffic[Enum.GetValues<DhtPurpose>().Length];

    public DhtOptions Options { get; } = options ?? Narrow;

    /// <summary>The clock of the node of each number; all have the simulation's without.</summary>
    public Func<int, TimeProvider>? Clocks { get; init; }

    /// <summary>Told of each node before it starts, so that it can be given more to do.</summary>
    public event Action<DhtMember>? Entered;

    /// <summary>Told of each node that has died.</summary>
    public event Action<DhtMember>? Died;

    public LinkPoolOptions LinkOptions { get; } = links ?? new LinkPoolOptions();

    public SimulationLoop Loop { get; } = loop;

    public SimulatedNetwork Network { get; } = new(
        loop, (network ?? new SimulatedNetworkOptions()) with { HandsOver = !copies });

    /// <summary>How many nodes there ever were: the number of the next one's key.</summary>
    public int Born { get; private set; }

    /// <summary>The living.</summary>
    public IReadOnlyList<DhtMember> Members => _members;

    public IEnumerable<DhtMember> Servers => _members.Where(member => member.IsServer);

    /// <summary>More nodes join through the first two, one every 100 ms.</summary>
    public async Task JoinAllAsync(int count)
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
    public async Task<DhtMember> JoinAsync(string name = "one", bool server = true)
    {
        PeerAddress[] bootstraps = [.. Servers.Take(2).Select(member => member.Address)];
        DhtMember member = Add(name, server);
        _ = await member.StartAsync(bootstraps);
        return member;
    }

    /// <summary>A new node that has not been started.</summary>
    public DhtMember Add(string name = "one", bool server = true)
    {
        TimeProvider clock = Clocks?.Invoke(Born) ?? Loop.Clock;
        return Enter(new DhtMember(this, SimulatedKey.Of(Born++), name, server, clock));
    }

    /// <summary>A killed node starts again under its old name and address, knowing nothing.</summary>
    public DhtMember Revive(DhtMember dead, string name = "one")
        => Enter(new DhtMember(this, dead.Key, name, dead.IsServer, dead.Clock, dead.Address));

    /// <summary>
    /// So many nodes at once that already know one another, as after hours: of each region every node knows some, drawn
    /// at random, as many as its buckets hold. Beside them, liars.
    /// </summary>
    public void Populate(int count, int liars = 0)
    {
        for (int i = 0; i < liars; i++)
        {
            _liars.Add(new DhtLiar(Network, SimulatedKey.Of(Born++), _liars, Options.Lookup.Width, Loop.Clock));
        }

        IEnumerable<Contact> honest = Enumerable.Range(0, count).Select(_ => Add().Contact);
        var population = new Population(honest.Concat(_liars.Select(liar => liar.Contact)), Options.BucketSize);

        foreach (DhtMember member in _members)
        {
            population.Acquaint(member, Network, Loop.Random);
            member.Run();
            member.Dht.IsReady = true;
            member.ReadySince = Loop.Clock.GetTimestamp();
        }
    }

    /// <summary>Where a liar can be dialled.</summary>
    public PeerAddress AddressOfLiar(int number) => _liars[number].Contact.Addresses[0] with { Node = null };

    public Task WaitAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), Loop.Clock);

    public DhtMember Pick() => _members[Loop.Random.Next(_members.Count)];

    public NodeId PickPoint()
    {
        Span<byte> bytes = stackalloc byte[NodeId.Size];
        Loop.Random.NextBytes(bytes);
        return NodeId.Read(bytes);
    }

    /// <summary>Who is nearest to a point, by looking at everybody.</summary>
    public NodeId[] Nearest(NodeId target, int count, NodeId? without = null)
        => Nearest(target, count, member => member.IsServer && member.Id != without, new HashSet<NodeId>());

    /// <summary>Who is nearest to a point among the members that count and these others.</summary>
    public NodeId[] Nearest(NodeId target, int count, Func<DhtMember, bool> counts, IReadOnlySet<NodeId> others)
    {
        var nearest = new List<(NodeId Distance, NodeId Id)>(count + 1);

        foreach (NodeId other in others)
        {
            Consider(other);
        }

        for (int i = 0; i < _heads.Count; i++)
        {
            if (nearest.Count == count && (_heads[i] ^ target.Head) > nearest[^1].Distance.Head)
            {
                continue;
            }

            DhtMember member = _members[i];

            if ((nearest.Count < count || member.Id.DistanceTo(target) < nearest[^1].Distance)
                && counts(member)
                && !others.Contains(member.Id))
            {
                Consider(member.Id);
            }
        }

        return [.. nearest.Select(item => item.Id)];

        void Consider(NodeId id)
        {
            NodeId distance = id.DistanceTo(target);
            int place = nearest.FindLastIndex(item => item.Distance < distance) + 1;
            nearest.Insert(place, (distance, id));

            if (nearest.Count > count)
            {
                nearest.RemoveAt(count);
            }
        }
    }

    /// <summary>The share of all contacts in all tables that are dead.</summary>
    public double StaleShare()
    {
        HashSet<NodeId> alive = [.. _members.Select(member => member.Id)];
        long stale = 0;
        long all = 0;

        foreach ((_, Bucket bucket) in _members.SelectMany(member => member.Dht.Table.Buckets))
        {
            foreach (ref readonly BucketEntry entry in bucket.InPlace)
            {
                stale += alive.Contains(entry.Contact.Id) ? 0 : 1;
                all++;
            }
        }

        return all == 0 ? 0 : (double)stale / all;
    }

    /// <summary>Whether a node said of itself that it serves nobody.</summary>
    public bool IsClient(NodeId node) => _clients.Contains(node);

    /// <summary>What must hold at every moment, whatever happened.</summary>
    /// <exception cref="InvariantException">It does not.</exception>
    public void CheckInvariants()
    {
        using var invariants = new DhtInvariants(this);

        foreach (DhtMember member in _members)
        {
            invariants.Check(member);
        }
    }

    public static Task<IReadOnlyList<FoundRecord>> ReadAsync(DhtMember reader, NodeId key)
        => reader.Dht.FindRecordsAsync(key, CancellationToken.None);

    /// <summary>What all nodes there ever were have sent for this purpose.</summary>
    public DhtTraffic TrafficFor(DhtPurpose purpose)
        => _members.Select(member => member.Dht.TrafficFor(purpose)).Aggregate(_ofTheDead[(int)purpose], Sum);

    internal void Leave(DhtMember dead)
    {

        foreach (DhtPurpose purpose in Enum.GetValues<DhtPurpose>())
        {
            _ofTheDead[(int)purpose] = Sum(_ofTheDead[(int)purpose], dead.Dht.TrafficFor(purpose));
        }

        DhtMember last = _members[^1];
        _members[dead.Place] = last;
        _heads[dead.Place] = last.Id.Head;
        last.Place = dead.Place;
        _members.RemoveAt(_members.Count - 1);
        _heads.RemoveAt(_heads.Count - 1);
        Died?.Invoke(dead);
    }

    private static DhtTraffic Sum(DhtTraffic one, DhtTraffic other)
        => new(one.Requests + other.Requests, one.Bytes + other.Bytes);

    private DhtMember Enter(DhtMember member)
    {
        member.Place = _members.Count;
        _members.Add(member);
        _heads.Add(member.Id.Head);

        if (!member.IsServer)
        {
            _ = _clients.Add(member.Id);
        }

        Entered?.Invoke(member);
        return member;
    }
}
