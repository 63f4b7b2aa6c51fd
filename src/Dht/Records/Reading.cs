using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Dht.Records;

/// <summary>The union of what several holders gave for one key, each record verified before it counts.</summary>
internal sealed class Reading(NodeId key, SignatureCheck? check = null)
{
    // Far more than a reader needs to choose from.
    private const int Many = DhtLimits.RecordsPerKeyMax / 4;

    private readonly SortedDictionary<NodeId, FoundRecord> _newest = [];
    private readonly HashSet<NodeId> _gave = [];
    private readonly HashSet<NodeId> _complete = [];

    // Of which signers one holder gave the newest; kept, for it would grow anew for each of them.
    private readonly HashSet<NodeId> _newestGiven = [];

    /// <summary>How many holders gave something.</summary>
    internal int Holders { get; set; }

    /// <summary>
    /// Whether this holder gave the newest of every signer that anybody has given. Of many signers each holder misses
    /// one or another, and of a full key each has chosen others: there it need only have given some.
    /// </summary>
    internal bool IsComplete(NodeId holder) => (_newest.Count < Many ? _complete : _gave).Contains(holder);

    /// <summary>Whether this holder gave anything.</summary>
    internal bool HasGiven(NodeId holder) => _gave.Contains(holder);

    /// <summary>Takes in what one holder gave. What is forged, foreign or expired is passed over.</summary>
    internal void AddHolder(NodeId holder, IEnumerable<SignedRecord> records, DateTimeOffset now)
    {
        _newestGiven.Clear();
        bool gave = false;

        foreach (SignedRecord record in records)
        {
            NodeId claimed = record.Claimed;

            // Holders give mostly the same: what is not newer needs no check.
            if (_newest.TryGetValue(claimed, out FoundRecord? known) && record.Sequence <= known.Sequence)
            {
                gave = true;
                _ = record.Sequence == known.Sequence && _newestGiven.Add(claimed);
            }
            else if (RecordRules.IsReadable(record, key, now, out NodeId signer, check))
            {
                gave = true;
                _ = _newestGiven.Add(signer);
                Keep(signer, record);

                // Those before did not know it.
                _complete.Clear();
            }
        }

        Holders += gave && _gave.Add(holder) ? 1 : 0;
        _ = gave && _newestGiven.Count == _newest.Count && _complete.Add(holder);
    }

    /// <summary>Takes in a record that this node verified when it stored or signed it.</summary>
    internal void AddVerified(SignedRecord record, DateTimeOffset now)
    {
        NodeId signer = record.Claimed;

        if (RecordRules.RefuseByForm(record, now, out _) is null
            && (!_newest.TryGetValue(signer, out FoundRecord? known) || known.Sequence < record.Sequence))
        {
            Keep(signer, record);
        }
    }

    /// <summary>The newest record of each signer, in the order of their names.</summary>
    internal IReadOnlyList<FoundRecord> Newest() => [.. _newest.Values];

    private void Keep(NodeId signer, SignedRecord record)
    {
        DateTimeOffset until = DateTimeOffset.FromUnixTimeMilliseconds((long)record.IssuedMs)
            + TimeSpan.FromSeconds(record.TtlSeconds)
            + DhtLimits.ClockSkewMax;
        _newest[signer] = new FoundRecord(signer, record.Sequence, until, record.Value.Memory);
    }
}
