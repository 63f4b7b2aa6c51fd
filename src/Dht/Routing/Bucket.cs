using System.Runtime.InteropServices;
using Swarm.Protocol.Identity;

namespace Swarm.Dht.Routing;

/// <summary>
/// The contacts that share one length of prefix with us: the oldest first, for who has lived long lives longer, and in
/// waiting those that came when the bucket was full.
/// </summary>
internal sealed class Bucket(int size)
{
    private const int SizeMin = 4;

    private readonly List<BucketEntry> _entries = [];

    // Beside the entries, so that a search reads one stretch of memory and not a node here and a node there.
    private readonly List<ulong> _heads = [];
    private List<BucketEntry>? _waiting;

    /// <summary>Those in the table, oldest first.</summary>
    internal IReadOnlyList<BucketEntry> Entries => _entries;

    /// <summary>The same where they lie, until the next one enters or leaves.</summary>
    internal Span<BucketEntry> InPlace => CollectionsMarshal.AsSpan(_entries);

    /// <summary>How many are in the table.</summary>
    internal int Count => _entries.Count;

    /// <summary>The heads of their names, in the same order.</summary>
    internal ReadOnlySpan<ulong> Heads => CollectionsMarshal.AsSpan(_heads);

    /// <summary>Those that take the place of the next one that fails, the freshest last.</summary>
    internal IReadOnlyList<BucketEntry> Waiting => _waiting ?? [];

    /// <summary>When a lookup last went through this bucket.</summary>
    internal TimeSpan RefreshedAt { get; set; }

    /// <summary>Whether another contact can enter.</summary>
    internal bool HasRoom => _entries.Count < size;

    /// <summary>The place of a node among the entries, or -1 when it is not in the table.</summary>
    internal int IndexOf(NodeId id)
    {
        for (int from = 0; Heads[from..].IndexOf(id.Head) is >= 0 and int next; from += next + 1)
        {
            if (_entries[from + next].Contact.Id == id)
            {
                return from + next;
            }
        }

        return -1;
    }

    /// <summary>Enters a contact, or lets it wait.</summary>
    internal void Add(BucketEntry entry)
    {
        StopWaiting(entry.Contact.Id);

        if (HasRoom)
        {
            Enter(entry);
            return;
        }

        if (_waiting?.Count == size)
        {
            _waiting.RemoveAt(0);
        }

        (_waiting ??= []).Add(entry);
    }

    /// <summary>
    /// A query failed. The node goes at once when another waits for its place, else when it fails a second time.
    /// </summary>
    /// <param name="id">Which node.</param>
    /// <param name="forGood">It goes whoever waits: it has said itself that it serves nobody.</param>
    /// <returns>The contact that went, or null when it stays or was not here.</returns>
    internal Contact? Fail(NodeId id, bool forGood)
    {
        StopWaiting(id);

        if (IndexOf(id) is not (>= 0 and var place))
        {
            return null;
        }

        ref BucketEntry failed = ref InPlace[place];

        if (++failed.Failures == 1 && Waiting.Count == 0 && !forGood)
        {
            // Doubted: the next round of signs of life begins with it.
            failed.AskedAt = TimeSpan.MinValue;
            return null;
        }

        Contact contact = failed.Contact;
        _entries.RemoveAt(place);
        _heads.RemoveAt(place);
        return contact;
    }

    /// <summary>The freshest that waits and still may enter takes the place that has become free.</summary>
    /// <returns>Who has entered, or null when nobody waits.</returns>
    internal Contact? Promote(Func<Contact, bool> mayEnter)
    {
        while (_waiting?.Count > 0)
        {
            BucketEntry freshest = _waiting[^1];
            _waiting.RemoveAt(_waiting.Count - 1);

            if (mayEnter(freshest.Contact))
            {
                Enter(freshest);
                return freshest.Contact;
            }
        }

        return null;
    }

    private void StopWaiting(NodeId id)
    {
        for (int i = 0; i < _waiting?.Count; i++)
        {
            if (_waiting[i].Contact.Id == id)
            {
                _waiting.RemoveAt(i);
                return;
            }
        }
    }

    private void Enter(BucketEntry entry)
    {
        if (_entries.Count == _entries.Capacity)
        {
            // Doubled until the end, a full bucket would be a third empty.
            _entries.Capacity = _heads.Capacity = Math.Min(size, Math.Max(SizeMin, 2 * _entries.Count));
        }

        _entries.Add(entry);
        _heads.Add(entry.Contact.Id.Head);
    }
}
