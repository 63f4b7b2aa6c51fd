using Swarm.Protocol.Identity;

namespace Swarm.Dht.Routing;

/// <summary>
/// The contacts that share one length of prefix with us: the oldest first, for who has lived long lives longer, and in
/// waiting those that came when the bucket was full.
/// </summary>
internal sealed class Bucket(int size)
{
    private readonly List<BucketEntry> _entries = [];
    private List<BucketEntry>? _waiting;

    /// <summary>Those in the table, oldest first.</summary>
    internal List<BucketEntry> Entries => _entries;

    /// <summary>Those that take the place of the next one that fails, the freshest last.</summary>
    internal IReadOnlyList<BucketEntry> Waiting => _waiting ?? [];

    /// <summary>When a lookup last went through this bucket.</summary>
    internal TimeSpan RefreshedAt { get; set; }

    /// <summary>Whether another contact can enter.</summary>
    internal bool HasRoom => _entries.Count < size;

    /// <summary>The entry of a node, or null when it is not in the table.</summary>
    internal BucketEntry? Find(NodeId id)
    {
        foreach (BucketEntry entry in _entries)
        {
            if (entry.Contact.Id == id)
            {
                return entry;
            }
        }

        return null;
    }

    /// <summary>Enters a contact, or lets it wait.</summary>
    internal void Add(BucketEntry entry)
    {
        _ = _waiting?.RemoveAll(other => other.Contact.Id == entry.Contact.Id);

        if (HasRoom)
        {
            _entries.Add(entry);
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
        _ = _waiting?.RemoveAll(entry => entry.Contact.Id == id);

        if (Find(id) is not { } failed)
        {
            return null;
        }

        if (++failed.Failures == 1 && Waiting.Count == 0 && !forGood)
        {
            // Doubted: the next round of signs of life begins with it.
            failed.AskedAt = TimeSpan.MinValue;
            return null;
        }

        _ = _entries.Remove(failed);

        if (_waiting?.Count > 0)
        {
            _entries.Add(_waiting[^1]);
            _waiting.RemoveAt(_waiting.Count - 1);
        }

        return failed.Contact;
    }
}
