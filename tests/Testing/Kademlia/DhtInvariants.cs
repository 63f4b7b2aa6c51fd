using System.Runtime.CompilerServices;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;

namespace Swarm.Testing.Kademlia;

/// <summary>
/// Holds a swarm against what must be true at every moment, every second of its own time. Of a large swarm some nodes are
/// looked at each second, all of them in turn, and a few all the time; what does not hold ends the run.
/// </summary>
public sealed class DhtInvariants : IDisposable
{
    private const int MembersPerRound = 24;
    private const int NearestCount = 20;
    private const int DeadMax = 64;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly DhtSwarm _swarm;
    private readonly string _story;
    private readonly RecordInvariants _records;
    private readonly LinkInvariants _links;
    private readonly Queue<DhtMember> _dead = new();
    private readonly ITimer? _timer;
    private int _next;
    private int _point;

    /// <summary>Invariants that are checked when <see cref="Check"/> is called.</summary>
    internal DhtInvariants(DhtSwarm swarm)
        : this(swarm, "")
    {
    }

    private DhtInvariants(DhtSwarm swarm, string story)
    {
        (_swarm, _story) = (swarm, story);
        _records = new RecordInvariants(this);
        _links = new LinkInvariants(this, swarm);
        swarm.Died += OnDied;
    }

    private DhtInvariants(DhtSwarm swarm, string story, TimeProvider clock)
        : this(swarm, story)
        => _timer = clock.CreateTimer(_ => CheckSome(), null, Every, Every);

    /// <summary>How many statements were held against the swarm.</summary>
    public long Checks { get; private set; }

    /// <summary>Checks from now on, until disposed of.</summary>
    /// <param name="swarm">The swarm.</param>
    /// <param name="story">How to tell the same story again: the command of a run.</param>
    public static DhtInvariants Watch(DhtSwarm swarm, string story) => new(swarm, story, swarm.Loop.Clock);

    public void Dispose()
    {
        _swarm.Died -= OnDied;
        _timer?.Dispose();
    }

    /// <summary>Everything that can be seen of one node at one moment.</summary>
    /// <exception cref="InvariantException">Something does not hold.</exception>
    public void Check(DhtMember member)
    {
        CheckTable(member);
        CheckNearest(member);
        _records.Check(member);
        _links.Check(member);

        foreach ((string name, int length, int most) in member.Dht.Queues)
        {
            Demand(length <= most, member, $"{length} {name}, more than {most}");
        }
    }

    /// <exception cref="InvariantException">It does not hold.</exception>
    internal void Demand(
        bool holds, DhtMember member, [InterpolatedStringHandlerArgument(nameof(holds))] ref BreachText breach)
        => Demand(holds, member, holds ? "" : breach.Take());

    /// <exception cref="InvariantException">It does not hold.</exception>
    internal void Demand(bool holds, DhtMember member, string breach)
    {
        Checks++;

        if (!holds)
        {
            throw new InvariantException(
                $"{member.Id}: {breach}, {_swarm.Loop.Clock.GetUtcNow():mm:ss.fff} after the start; {_story} seed "
                    + $"{_swarm.Loop.Seed}. Before it:\n{string.Join('\n', _swarm.Network.Recent)}");
        }
    }

    private void CheckSome()
    {
        int count = Math.Min(MembersPerRound, _swarm.Members.Count);

        for (int i = 0; i < count; i++)
        {
            Check(_swarm.Members[_next++ % _swarm.Members.Count]);
        }

        // The first ones are looked at all the time: what changes between two moments is seen only so.
        foreach (DhtMember member in _swarm.Members.Take(MembersPerRound))
        {
            _records.CheckOrder(member);
            _links.CheckPairs(member);
        }

        foreach (DhtMember dead in _dead)
        {
            Demand(dead.Transport.Links.Length == 0, dead, "it is dead and has links");
            Demand(dead.Links.Count == 0, dead, "it is dead and its pool has links");
        }
    }

    private void CheckTable(DhtMember member)
    {
        RoutingTable table = member.Dht.Table;
        TimeSpan now = member.Dht.Now.Elapsed;
        var seen = new HashSet<NodeId>();
        var groups = new Dictionary<string, int>();

        foreach ((int index, Bucket bucket) in table.Buckets)
        {
            Demand(bucket.Entries.Count <= _swarm.Options.BucketSize, member, $"bucket {index} overflows");
            Demand(bucket.Waiting.Count <= _swarm.Options.BucketSize, member, $"too many wait for bucket {index}");

            foreach (BucketEntry entry in bucket.Entries)
            {
                NodeId contact = entry.Contact.Id;
                Demand(contact != member.Id, member, "it is its own contact");
                Demand(seen.Add(contact), member, "a contact is there twice");
                Demand(!_swarm.IsClient(contact), member, "clients are nobody's contacts");
                Demand(table.BucketOf(contact) == index, member, "a contact is in a foreign bucket");
                Demand(entry.VerifiedAt <= now, member, "a contact will answer in the future");

                foreach (string group in entry.Contact.Groups)
                {
                    groups[group] = groups.GetValueOrDefault(group) + 1;
                }
            }

            foreach (string group in bucket.Entries.SelectMany(entry => entry.Contact.Groups).Distinct())
            {
                int members = bucket.Entries.Count(entry => entry.Contact.Groups.Contains(group));
                Demand(
                    members <= RoutingTable.GroupMembersPerBucketMax, member, $"{members} of one network in a bucket");
            }
        }

        foreach ((_, int members) in groups)
        {
            Demand(members <= RoutingTable.GroupMembersMax, member, $"{members} of one network in the table");
        }

        Demand(seen.Count == table.Count, member, "its contacts are miscounted");
        Demand(member.IsServer || member.Dht.Store.Count == 0, member, "a client holds nothing");
    }

    // What the table names for a point is what looking at every contact gives.
    private void CheckNearest(DhtMember member)
    {
        RoutingTable table = member.Dht.Table;
        TimeSpan now = member.Dht.Now.Elapsed;
        NodeId target = TestIdentity.Node(++_point);
        TimeSpan since = now - _swarm.Options.RelayWindow;
        int own = table.BucketOf(target);
        int freshMin = Math.Max(1, _swarm.Options.BucketSize / 4);
        bool isOwnQuiet = table.Buckets
            .Where(bucket => bucket.Key == own)
            .SelectMany(bucket => bucket.Value.Entries)
            .Count(entry => entry.Failures == 0 && entry.VerifiedAt >= since) < freshMin;
        NodeId[] fresh = [.. table.Buckets
            .SelectMany(bucket => bucket.Value.Entries.Where(
                entry => entry.Failures == 0
                    && (entry.VerifiedAt >= since || (isOwnQuiet && bucket.Key == own))))
            .Select(entry => entry.Contact.Id)
            .OrderBy(contact => contact.DistanceTo(target))
            .Take(NearestCount)];
        NodeId[] all = [.. member.Contacts.OrderBy(contact => contact.DistanceTo(target)).Take(NearestCount)];

        Demand(
            table.Nearest(target, NearestCount).Select(contact => contact.Id).SequenceEqual(all),
            member,
            $"of the contacts nearest to {target} it names others");
        Demand(
            table.NearestFresh(target, NearestCount, now).Select(contact => contact.Id).SequenceEqual(fresh),
            member,
            $"of the fresh contacts nearest to {target} it names others");
    }

    private void OnDied(DhtMember dead)
    {
        _dead.Enqueue(dead);

        if (_dead.Count > DeadMax)
        {
            _ = _dead.Dequeue();
        }
    }
}
