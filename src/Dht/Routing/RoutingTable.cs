using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using Swarm.Protocol.Identity;

namespace Swarm.Dht.Routing;

/// <summary>
/// The nodes we know: 256 buckets, one for each length of the prefix a name can share with ours, so that we know our
/// neighbours well and of every far region a few.
/// </summary>
/// <remarks>
/// A plain structure: no clock, no socket, no lock. Only contacts that answered a query of ours come in here, so nobody
/// can fill it by talking to us.
/// </remarks>
public sealed partial class RoutingTable
{
    private const int BitCount = 8 * NodeId.Size;

    // Of one network one party may own thousands of addresses; discv5 uses the same two numbers.
    internal const int GroupMembersPerBucketMax = 2;
    internal const int GroupMembersMax = 10;

    private const int NearestOnStackMax = 32;

    // So many of a full bucket are as many as a lookup asks at once.
    private const int FreshShare = 4;

    // Verified at any time.
    private static readonly TimeSpan Undoubted = TimeSpan.MinValue + TimeSpan.FromTicks(1);

    private readonly NodeId _self;
    private readonly int _bucketSize;
    private readonly TimeSpan _relayWindow;
    private readonly int _freshMin;
    private readonly SortedList<int, Bucket> _buckets = [];
    private readonly Dictionary<string, int> _groups = [];

    /// <summary>An empty table around <paramref name="self"/>.</summary>
    public RoutingTable(NodeId self, DhtOptions options)
    {
        _self = self;
        _bucketSize = options.BucketSize;
        _relayWindow = options.RelayWindow;
        _freshMin = Math.Max(1, options.BucketSize / FreshShare);
    }

    /// <summary>How many contacts are in the table.</summary>
    public int Count { get; private set; }

    /// <summary>The buckets that hold anybody, by the length of the prefix shared with us.</summary>
    internal IEnumerable<KeyValuePair<int, Bucket>> Buckets => _buckets;

    /// <summary>Every contact, far regions first.</summary>
    public IEnumerable<Contact> Contacts
        => _buckets.Values.SelectMany(bucket => bucket.Entries).Select(entry => entry.Contact);

    /// <summary>The length of the prefix a node's name shares with ours: the number of its bucket.</summary>
    public int BucketOf(NodeId id)
    {
        if (id.Head != _self.Head)
        {
            return BitOperations.LeadingZeroCount(id.Head ^ _self.Head);
        }

        Span<byte> distance = stackalloc byte[NodeId.Size];
        id.DistanceTo(_self).Write(distance);
        int zero = distance.IndexOfAnyExcept((byte)0);
        Debug.Assert(zero >= 0, "A node has no bucket for itself.");
        return (8 * zero) + BitOperations.LeadingZeroCount((uint)distance[zero]) - 24;
    }

    /// <summary>How many contacts are in a bucket.</summary>
    public int CountIn(int bucket) => _buckets.TryGetValue(bucket, out Bucket? found) ? found.Count : 0;

    /// <summary>Whether the node is in the table.</summary>
    public bool Contains(NodeId id) => IsIn(id, out _, out _);

    /// <summary>Whether a contact of this name would enter the table if it answered.</summary>
    public bool HasRoomFor(NodeId id)
        => id != _self
            && !Contains(id)
            && (!_buckets.TryGetValue(BucketOf(id), out Bucket? bucket) || bucket.HasRoom);

    /// <summary>A contact answered a query of ours and says it serves others.</summary>
    /// <returns>Whether it is new in the table.</returns>
    public bool OnAnswer(Contact contact, TimeSpan now, TimeSpan roundTrip)
    {
        if (contact.Id == _self)
        {
            return false;
        }

        int index = BucketOf(contact.Id);

        if (!_buckets.TryGetValue(index, out Bucket? bucket))
        {
            _buckets[index] = bucket = new Bucket(_bucketSize) { RefreshedAt = now };
        }

        if (bucket.IndexOf(contact.Id) is >= 0 and var place)
        {
            ref BucketEntry known = ref bucket.InPlace[place];

            if (contact != known.Contact && !contact.Groups.SequenceEqual(known.Contact.Groups))
            {
                // It has moved: as one of another network it enters like any other, or not at all.
                _ = LetGo(contact.Id, forGood: true);
                _ = OnAnswer(contact, now, roundTrip);
                return false;
            }

            known.Refresh(contact, now, roundTrip);
            return false;
        }

        if (!IsDiverse(contact, bucket))
        {
            return false;
        }

        bool entered = bucket.HasRoom;
        bucket.Add(new BucketEntry(contact, now, roundTrip));

        if (entered)
        {
            Count++;
            Join(contact);
        }

        return entered;
    }

    /// <summary>A query to a node failed.</summary>
    /// <returns>The contact when it left the table.</returns>
    public Contact? OnFailure(NodeId id) => LetGo(id, forGood: false);

    /// <summary>A node has said itself that it serves others no longer.</summary>
    public void Remove(NodeId id) => _ = LetGo(id, forGood: true);

    /// <summary>The contacts closest to a point, nearest first.</summary>
    public IReadOnlyList<Contact> Nearest(NodeId target, int count)
        => Nearest(target, count, TimeSpan.MinValue, except: _self);

    /// <summary>
    /// The same among those that may be named to others: they answered us recently, and our last query, too. Where too
    /// few did of those that share most of the target's prefix, of these the others are named as well.
    /// </summary>
    public IReadOnlyList<Contact> NearestFresh(NodeId target, int count, TimeSpan now)
        => NearestFresh(target, count, now, except: _self);

    /// <summary>The same for one that need not hear of itself.</summary>
    public IReadOnlyList<Contact> NearestFresh(NodeId target, int count, TimeSpan now, NodeId except)
        => Nearest(target, count, now - _relayWindow, except);

    /// <summary>A point that lies in the region of a bucket.</summary>
    public NodeId PointIn(int bucket, Random random)
    {
        Debug.Assert(bucket is >= 0 and < BitCount);
        Span<byte> self = stackalloc byte[NodeId.Size];
        Span<byte> point = stackalloc byte[NodeId.Size];
        _self.Write(self);
        random.NextBytes(point);

        int wholeBytes = bucket / 8;
        self[..wholeBytes].CopyTo(point);

        // The first bits as ours, the next one different, the rest as drawn.
        int differing = 0x80 >> (bucket % 8);
        int shared = ~(differing | (differing - 1)) & 0xFF;
        int rest = differing - 1;
        point[wholeBytes] = (byte)(
            (self[wholeBytes] & shared) | (~self[wholeBytes] & differing) | (point[wholeBytes] & rest));
        return NodeId.Read(point);
    }

    /// <summary>The usual round trip to a contact, or null when it is not in the table.</summary>
    public TimeSpan? RoundTripTo(NodeId id)
        => IsIn(id, out Bucket? bucket, out int place) ? bucket.InPlace[place].RoundTrip : null;

    private Contact? LetGo(NodeId id, bool forGood)
    {
        if (id == _self || !_buckets.TryGetValue(BucketOf(id), out Bucket? bucket))
        {
            return null;
        }

        Contact? dropped = bucket.Fail(id, forGood);

        if (dropped is not null)
        {
            Leave(dropped);
            Count--;

            // While it waited, others of its networks may have come.
            if (bucket.Promote(IsRoomFor) is { } promoted)
            {
                Join(promoted);
                Count++;
            }
        }

        return dropped;
    }

    private bool IsIn(NodeId id, [NotNullWhen(true)] out Bucket? bucket, out int place)
    {
        (bucket, place) = (null, -1);
        return id != _self && _buckets.TryGetValue(BucketOf(id), out bucket) && (place = bucket.IndexOf(id)) >= 0;
    }

    // Who shares more of the target's prefix than we do is in its bucket; next come all that are nearer to us than it;
    // then the buckets of shorter prefixes, each farther than the one before.
    private Contact[] Nearest(NodeId target, int count, TimeSpan verifiedSince, NodeId except)
    {
        var best = new Contact[Math.Min(count, Count)];
        Span<ulong> distances = best.Length <= NearestOnStackMax
            ? stackalloc ulong[NearestOnStackMax]
            : new ulong[best.Length];
        int own = target == _self ? BitCount : BucketOf(target);
        int found = 0;
        int last = _buckets.Count - 1;

        if (_buckets.TryGetValue(own, out Bucket? nearest))
        {
            found = Collect(nearest, target, verifiedSince, except, best, distances, found);

            // In a large swarm most of a far region may have been quiet for long. Only these lead there, and whom
            // nobody doubts is better than nobody.
            if (found < _freshMin && verifiedSince > TimeSpan.MinValue)
            {
                found = Collect(nearest, target, Undoubted, except, best, distances, found: 0);
            }
        }

        bool isFull = found == best.Length;

        for (; last >= 0 && _buckets.GetKeyAtIndex(last) >= own; last--)
        {
            if (!isFull && _buckets.GetKeyAtIndex(last) > own)
            {
                found = Collect(_buckets.GetValueAtIndex(last), target, verifiedSince, except, best, distances, found);
            }
        }

        for (; last >= 0 && found < best.Length; last--)
        {
            found = Collect(_buckets.GetValueAtIndex(last), target, verifiedSince, except, best, distances, found);
        }

        return found == best.Length ? best : best[..found];
    }

    // The best so far, nearest first: cheaper than sorting everybody when the bucket is large and few are wanted. The
    // heads of the distances mostly tell, and nobody's name need be fetched.
    private static int Collect(
        Bucket bucket,
        NodeId target,
        TimeSpan verifiedSince,
        NodeId except,
        Contact[] best,
        Span<ulong> distances,
        int found)
    {
        ReadOnlySpan<ulong> heads = bucket.Heads;
        ReadOnlySpan<BucketEntry> entries = bucket.InPlace;
        ulong head = target.Head;

        for (int i = 0; i < heads.Length; i++)
        {
            ulong distance = heads[i] ^ head;

            // Most are too far away.
            if (found == best.Length && (found == 0 || distance > distances[found - 1]))
            {
                continue;
            }

            ref readonly BucketEntry entry = ref entries[i];

            if (entry.VerifiedAt < verifiedSince
                || (heads[i] == except.Head && entry.Contact.Id == except)
                || (entry.Failures > 0 && verifiedSince > TimeSpan.MinValue)
                || (found == best.Length && !IsNearer(entry.Contact, best[found - 1], distance, distances[found - 1])))
            {
                continue;
            }

            int place = found < best.Length ? found++ : found - 1;

            for (; place > 0 && IsNearer(entry.Contact, best[place - 1], distance, distances[place - 1]); place--)
            {
                distances[place] = distances[place - 1];
                best[place] = best[place - 1];
            }

            distances[place] = distance;
            best[place] = entry.Contact;
        }

        return found;

        bool IsNearer(Contact one, Contact other, ulong head, ulong otherHead)
            => head < otherHead
                || (head == otherHead && one.Id.DistanceTo(target) < other.Id.DistanceTo(target));
    }

    // Who belongs to no network is asked about most often.
    private bool IsRoomFor(Contact contact)
        => contact.Groups.Count == 0
            || contact.Groups.All(group => _groups.GetValueOrDefault(group) < GroupMembersMax);

    private bool IsDiverse(Contact contact, Bucket bucket)
        => contact.Groups.Count == 0
            || (IsRoomFor(contact) && contact.Groups.All(group =>
                bucket.Entries.Concat(bucket.Waiting)
                    .Count(entry => entry.Contact.Groups.Contains(group)) < GroupMembersPerBucketMax));

    private void Join(Contact contact)
    {
        foreach (string group in contact.Groups)
        {
            _groups[group] = _groups.GetValueOrDefault(group) + 1;
        }
    }

    private void Leave(Contact contact)
    {
        foreach (string group in contact.Groups)
        {
            if (--_groups[group] == 0)
            {
                _ = _groups.Remove(group);
            }
        }
    }
}
