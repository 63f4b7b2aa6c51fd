using Swarm.Protocol.Identity;

namespace Swarm.Dht.Routing;

// Whom to ask for a sign of life, and where to look for newcomers.
public sealed partial class RoutingTable
{
    /// <summary>
    /// Contacts that have been quiet for a quarter of the time in which they may be named are there all the same, if
    /// <paramref name="isThere"/> knows of them: not by an answer to a query, so the doubted stay doubted.
    /// </summary>
    public void OnSignsOfLife(Func<NodeId, bool> isThere, TimeSpan now)
    {
        foreach (Bucket bucket in _buckets.Values)
        {
            foreach (ref BucketEntry entry in bucket.InPlace)
            {
                if (entry.Failures == 0 && entry.AskedAt < now - (_relayWindow / 4) && isThere(entry.Contact.Id))
                {
                    entry.SeenAt(now);
                }
            }
        }
    }

    /// <summary>The next round of signs of life begins with this contact.</summary>
    public void Doubt(NodeId id)
    {
        if (IsIn(id, out Bucket? bucket, out int place))
        {
            bucket.InPlace[place].AskedAt = TimeSpan.MinValue;
        }
    }

    /// <summary>
    /// The contacts not heard of for the longest time, which are thereby taken as asked; of those heard of this very
    /// moment none.
    /// </summary>
    /// <param name="count">At most so many.</param>
    /// <param name="now">Our own time.</param>
    /// <param name="isThere">Who need not be asked, as in <see cref="OnSignsOfLife"/>.</param>
    public IReadOnlyList<Contact> TakeStalest(int count, TimeSpan now, Func<NodeId, bool>? isThere = null)
    {
        // A few of many: the last of those chosen so far tells most others to pass.
        var stalest = new List<(TimeSpan AskedAt, Bucket Bucket, int Place)>(count + 1);
        TimeSpan before = count == 0 ? TimeSpan.MinValue : now;

        foreach (Bucket bucket in _buckets.Values)
        {
            Span<BucketEntry> entries = bucket.InPlace;

            for (int i = 0; i < entries.Length; i++)
            {
                ref BucketEntry entry = ref entries[i];

                if (entry.AskedAt >= before)
                {
                    continue;
                }

                if (entry.Failures == 0 && isThere?.Invoke(entry.Contact.Id) == true)
                {
                    entry.SeenAt(now);
                    continue;
                }

                int place = stalest.Count;

                // Not by a function: one would be made for each entry, chosen or not.
                while (place > 0 && stalest[place - 1].AskedAt > entry.AskedAt)
                {
                    place--;
                }

                stalest.Insert(place, (entry.AskedAt, bucket, i));

                if (stalest.Count > count)
                {
                    stalest.RemoveAt(count);
                }

                before = stalest.Count == count ? stalest[^1].AskedAt : before;
            }
        }

        foreach ((_, Bucket bucket, int place) in stalest)
        {
            bucket.InPlace[place].AskedAt = now;
        }

        return stalest.ConvertAll(one => one.Bucket.InPlace[one.Place].Contact);
    }

    /// <summary>
    /// Of our nearest contacts those not heard of for half the time in which they may be named; they are thereby taken
    /// as asked. Who is there need not be asked, as in <see cref="OnSignsOfLife"/>.
    /// </summary>
    public IReadOnlyList<Contact> TakeQuietNeighbours(
        int neighbours, TimeSpan now, Func<NodeId, bool>? isThere = null)
    {
        var quiet = new List<Contact>();

        foreach (Contact contact in Nearest(_self, neighbours))
        {
            if (!IsIn(contact.Id, out Bucket? bucket, out int place)
                || bucket.InPlace[place].AskedAt >= now - (_relayWindow / 2))
            {
                continue;
            }

            ref BucketEntry entry = ref bucket.InPlace[place];

            if (entry.Failures == 0 && isThere?.Invoke(contact.Id) == true)
            {
                entry.SeenAt(now);
                continue;
            }

            entry.AskedAt = now;
            quiet.Add(contact);
        }

        return quiet;
    }

    /// <summary>
    /// Of the far buckets that are at most half full the one that no lookup went through for the longest time, which is
    /// thereby taken as visited; null when there is none.
    /// </summary>
    /// <param name="neighbours">How many nearest contacts a lookup of our own name finds.</param>
    /// <param name="now">Our own time.</param>
    public int? TakeStalestBucket(int neighbours, TimeSpan now)
    {
        int far = FarBuckets(neighbours);
        int? stalest = null;

        foreach ((int index, Bucket bucket) in _buckets)
        {
            if (index < far
                && bucket.Count <= _bucketSize / 2
                && (stalest is not { } other || bucket.RefreshedAt < _buckets[other].RefreshedAt))
            {
                stalest = index;
            }
        }

        if (stalest is { } taken)
        {
            _buckets[taken].RefreshedAt = now;
        }

        return stalest;
    }

    /// <summary>
    /// How many buckets, from the first on, reach beyond our nearest contacts: whoever is in the others, a lookup of
    /// our own name finds.
    /// </summary>
    /// <param name="neighbours">How many nearest contacts it finds.</param>
    public int FarBuckets(int neighbours)
    {
        Contact[] nearest = Nearest(_self, neighbours, TimeSpan.MinValue, except: _self);
        return nearest.Length < neighbours ? 0 : BucketOf(nearest[^1].Id) + 1;
    }
}
