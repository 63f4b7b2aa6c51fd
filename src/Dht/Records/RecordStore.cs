using System.Diagnostics;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Dht.Records;

/// <summary>
/// The records this node holds for the swarm: bounded in every direction, the highest sequence number wins, and nothing
/// is given out after its lease.
/// </summary>
/// <remarks>A plain structure: no clock, no lock. Time enters as an argument.</remarks>
public sealed class RecordStore
{
    // What a record costs beside its bytes: the entry, the objects of the message, two dictionary slots.
    private const int EntryBytes = 400;

    private readonly NodeId _self;
    private readonly SignatureCheck? _check;
    private readonly int _keysMax;
    private readonly long _bytesMax;
    // Few lie under one key: lists, each one stretch of memory, are looked through faster than trees.
    private readonly Dictionary<NodeId, SortedList<NodeId, HeldRecord>> _shelves = [];
    private readonly SortedSet<NodeId> _distances = [];
    private readonly Dictionary<NodeId, int> _perSigner = [];

    // Before this nothing can have expired; records that were renewed since let it be too early, never too late.
    private TimeSpan _sweepAt = TimeSpan.MaxValue;

    /// <summary>An empty store of the node <paramref name="self"/>, which prefers keys near to its name.</summary>
    /// <param name="self">The node.</param>
    /// <param name="check">How signatures are checked, when not as in life.</param>
    public RecordStore(NodeId self, SignatureCheck? check = null)
        : this(self, DhtLimits.KeysMax, DhtLimits.StoreBytesMax)
        => _check = check;

    internal RecordStore(NodeId self, int keysMax, long bytesMax)
        => (_self, _keysMax, _bytesMax) = (self, keysMax, bytesMax);

    /// <summary>Records held, the expired ones whose sequence is remembered included.</summary>
    public int Count { get; private set; }

    /// <summary>Their size in memory.</summary>
    public long Bytes { get; private set; }

    /// <summary>The keys under which anything is held.</summary>
    public IReadOnlyCollection<NodeId> Keys => _shelves.Keys;

    /// <summary>All that is held, the memory of expired records included; simulations check it.</summary>
    internal IEnumerable<(NodeId Key, HeldRecord Held)> Held
        => _shelves.SelectMany(shelf => shelf.Value.Values.Select(held => (shelf.Key, held)));

    /// <summary>
    /// Takes a record in, whose signature is checked only when everything cheaper speaks for it and only if
    /// <paramref name="mayCheck"/> allows the work.
    /// </summary>
    /// <returns>Null when it is held now, else the reason for people.</returns>
    public string? Accept(SignedRecord record, Moment now, Func<bool>? mayCheck = null)
    {
        if (RecordRules.RefuseByForm(record, now.Utc, out TimeSpan lifetime) is { } refusal)
        {
            return refusal;
        }

        var key = NodeId.Read(record.Key.Span);
        NodeId claimed = record.Claimed;
        HeldRecord? held = Find(key, claimed);

        if (held is not null && record.Sequence <= held.Sequence)
        {
            if (!record.Equals(held.Record))
            {
                return "A record of this or a higher sequence number is, or was, held.";
            }

            Put(key, held with { Expires = Later(held.Expires, now.Elapsed + lifetime) });
            return null;
        }

        // Of a full key: looked for once, for a popular one is full all the time.
        HeldRecord? weakest = held is null ? WeakestOfFull(key) : null;

        if (held is null && RefuseByRoom(record, key, claimed, weakest, now.Elapsed + lifetime) is { } full)
        {
            return full;
        }

        if (mayCheck?.Invoke() == false)
        {
            return "Too many records at once; try again later.";
        }

        if (RecordRules.RefuseBySignature(record, out NodeId signer, _check) is { } forged)
        {
            return forged;
        }

        Debug.Assert(signer == claimed);
        MakeRoom(record, key, weakest, now);
        Put(key, new HeldRecord(
            signer,
            record.Sequence,
            record,
            SizeOf(record),
            now.Elapsed + lifetime,
            now.Elapsed + DhtLimits.LeaseMax + DhtLimits.ClockSkewMax));
        return null;
    }

    /// <summary>
    /// The live records under a key whose sub-keys are greater than <paramref name="after"/>, in their order.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="after">The last sub-key of the page before, or null for the first page.</param>
    /// <param name="bytesMax">How much fits.</param>
    /// <param name="now">Our own time.</param>
    /// <param name="more">Whether there is another page.</param>
    public IReadOnlyList<SignedRecord> Page(NodeId key, NodeId? after, int bytesMax, Moment now, out bool more)
    {
        var page = new List<SignedRecord>();
        more = false;

        if (!_shelves.TryGetValue(key, out SortedList<NodeId, HeldRecord>? shelf))
        {
            return page;
        }

        int bytes = 0;

        for (int i = 0; i < shelf.Count; i++)
        {
            HeldRecord held = shelf.GetValueAtIndex(i);

            if (!held.IsLive(now.Elapsed) || (after is { } last && held.Signer.CompareTo(last) <= 0))
            {
                continue;
            }

            // Four bytes for the field's tag and length in the message that carries it.
            bytes += held.Bytes - EntryBytes + 4;

            if (bytes > bytesMax)
            {
                more = true;
                break;
            }

            page.Add(held.Record!);
        }

        return page;
    }

    /// <summary>Lets go of what has expired. Only memory depends on how often this is called.</summary>
    public void Sweep(Moment now)
    {
        if (now.Elapsed < _sweepAt)
        {
            return;
        }

        _sweepAt = TimeSpan.MaxValue;
        List<(NodeId Key, HeldRecord Held)>? expired = null;

        foreach ((NodeId key, SortedList<NodeId, HeldRecord> shelf) in _shelves)
        {
            for (int i = 0; i < shelf.Count; i++)
            {
                HeldRecord held = shelf.GetValueAtIndex(i);

                if (now.Elapsed >= held.NextChange)
                {
                    (expired ??= []).Add((key, held));
                }
                else
                {
                    _sweepAt = Earlier(_sweepAt, held.NextChange);
                }
            }
        }

        foreach ((NodeId key, HeldRecord held) in expired ?? [])
        {
            if (now.Elapsed >= held.Forgotten)
            {
                Remove(key, held.Signer);
            }
            else
            {
                Put(key, held with { Record = null, Bytes = EntryBytes });
            }
        }
    }

    /// <summary>Lets go of everything, the numbers seen included.</summary>
    public void Clear()
    {
        _shelves.Clear();
        _distances.Clear();
        _perSigner.Clear();
        Count = 0;
        Bytes = 0;
    }

    private static int SizeOf(SignedRecord record) => record.CalculateSize() + EntryBytes;

    private static TimeSpan Earlier(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private HeldRecord? Find(NodeId key, NodeId signer)
        => _shelves.TryGetValue(key, out SortedList<NodeId, HeldRecord>? shelf)
            ? shelf.GetValueOrDefault(signer)
            : null;

    // Looks before the signature is checked, and changes nothing: a forged record must not push out a good one.
    private string? RefuseByRoom(
        SignedRecord record, NodeId key, NodeId signer, HeldRecord? weakest, TimeSpan expires)
    {
        if (_perSigner.GetValueOrDefault(signer) >= DhtLimits.RecordsPerSignerMax)
        {
            return "This signer has too many records here.";
        }

        if (weakest is { Record: not null } && weakest.Expires >= expires)
        {
            return "This key is full of fresher records.";
        }

        bool tooManyKeys = _shelves.Count >= _keysMax && !_shelves.ContainsKey(key);
        bool tooManyBytes = Bytes + SizeOf(record) > _bytesMax;

        return (tooManyKeys || tooManyBytes) && Farthest() is { } far && !IsCloser(key, far)
            ? "This node is full; ask one nearer to the key."
            : null;
    }

    private void MakeRoom(SignedRecord record, NodeId key, HeldRecord? weakest, Moment now)
    {
        if (weakest is not null)
        {
            Remove(key, weakest.Signer);
        }

        if (Bytes + SizeOf(record) > _bytesMax || _shelves.Count >= _keysMax)
        {
            Sweep(now);
        }

        while ((Bytes + SizeOf(record) > _bytesMax
                || (_shelves.Count >= _keysMax && !_shelves.ContainsKey(key)))
            && Farthest() is { } far
            && IsCloser(key, far))
        {
            foreach (NodeId signer in _shelves[far].Keys.ToArray())
            {
                Remove(far, signer);
            }
        }
    }

    // The first to go: what has expired already, else what expires first.
    private HeldRecord? WeakestOfFull(NodeId key)
    {
        if (!_shelves.TryGetValue(key, out SortedList<NodeId, HeldRecord>? shelf)
            || shelf.Count < DhtLimits.RecordsPerKeyMax)
        {
            return null;
        }

        HeldRecord weakest = shelf.GetValueAtIndex(0);

        for (int i = 1; i < shelf.Count && weakest.Record is not null; i++)
        {
            HeldRecord held = shelf.GetValueAtIndex(i);
            weakest = held.Record is null || held.Expires < weakest.Expires ? held : weakest;
        }

        return weakest;
    }

    // Found at once, for a flood makes a full store look for it with every record. A distance leads back to its key.
    private NodeId? Farthest() => _distances.Count == 0 ? null : _distances.Max.DistanceTo(_self);

    private bool IsCloser(NodeId key, NodeId than)
        => key.DistanceTo(_self).CompareTo(than.DistanceTo(_self)) < 0;

    private void Put(NodeId key, HeldRecord held)
    {
        if (!_shelves.TryGetValue(key, out SortedList<NodeId, HeldRecord>? shelf))
        {
            _shelves[key] = shelf = [];
            _ = _distances.Add(key.DistanceTo(_self));
        }

        if (shelf.TryGetValue(held.Signer, out HeldRecord? before))
        {
            Bytes -= before.Bytes;
        }
        else
        {
            Count++;
            _perSigner[held.Signer] = _perSigner.GetValueOrDefault(held.Signer) + 1;
        }

        shelf[held.Signer] = held;
        _sweepAt = Earlier(_sweepAt, held.NextChange);
        Bytes += held.Bytes;
    }

    private void Remove(NodeId key, NodeId signer)
    {
        if (!_shelves.TryGetValue(key, out SortedList<NodeId, HeldRecord>? shelf)
            || shelf.IndexOfKey(signer) is not (>= 0 and var place))
        {
            return;
        }

        Bytes -= shelf.GetValueAtIndex(place).Bytes;
        shelf.RemoveAt(place);
        Count--;

        if (shelf.Count == 0)
        {
            _ = _shelves.Remove(key);
            _ = _distances.Remove(key.DistanceTo(_self));
        }

        if (--_perSigner[signer] == 0)
        {
            _ = _perSigner.Remove(signer);
        }
    }
}
