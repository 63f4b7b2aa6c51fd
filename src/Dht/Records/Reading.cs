using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Dht.Records;

/// <summary>The union of what several holders gave for one key, each record verified before it counts.</summary>
internal sealed class Reading(NodeId key, SignatureCheck? check = null)
{
    private readonly SortedDictionary<NodeId, FoundRecord> _newest = [];

    /// <summary>How many holders gave something.</summary>
    internal int Holders { get; set; }

    /// <summary>Takes in what one holder gave. What is forged, foreign or expired is passed over.</summary>
    internal void AddHolder(IEnumerable<SignedRecord> records, DateTimeOffset now)
    {
        bool gave = false;

        foreach (SignedRecord record in records)
        {
            // Holders give mostly the same: what is not newer needs no check.
            if (_newest.TryGetValue(NodeKey.IdOf(record.PublicKey.Span), out FoundRecord? known)
                && record.Sequence <= known.Sequence)
            {
                gave = true;
            }
            else if (RecordRules.IsReadable(record, key, now, out NodeId signer, check))
            {
                gave = true;
                Keep(signer, record);
            }
        }

        Holders += gave ? 1 : 0;
    }

    /// <summary>Takes in a record that this node verified when it stored or signed it.</summary>
    internal void AddVerified(SignedRecord record, DateTimeOffset now)
    {
        NodeId signer = NodeKey.IdOf(record.PublicKey.Span);

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
