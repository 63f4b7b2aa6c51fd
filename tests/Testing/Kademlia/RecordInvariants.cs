using System.Runtime.CompilerServices;
using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;

namespace Swarm.Testing.Kademlia;

/// <summary>What must be true of the records that a node holds for others.</summary>
internal sealed class RecordInvariants(DhtInvariants invariants)
{
    // Nodes hand the same object on, so that each record is verified once.
    private readonly ConditionalWeakTable<SignedRecord, object> _verified = [];
    private readonly ConditionalWeakTable<DhtMember, Dictionary<(NodeId, NodeId), HeldRecord>> _seen = [];

    /// <summary>Everything that can be seen at one moment.</summary>
    internal void Check(DhtMember member)
    {
        RecordStore store = member.Dht.Store;
        Moment now = member.Dht.Now;
        var perKey = new Dictionary<NodeId, int>();
        var perSigner = new Dictionary<NodeId, int>();
        int count = 0;
        long bytes = 0;

        foreach ((NodeId key, HeldRecord held) in store.Held)
        {
            count++;
            bytes += held.Bytes;
            perKey[key] = perKey.GetValueOrDefault(key) + 1;
            perSigner[held.Signer] = perSigner.GetValueOrDefault(held.Signer) + 1;

            if (held.Record is { } record)
            {
                CheckOne(member, key, held, record, now);
            }
        }

        invariants.Demand(count == store.Count && bytes == store.Bytes, member, "its records are miscounted");
        invariants.Demand(bytes <= DhtLimits.StoreBytesMax, member, $"{bytes} bytes of records");
        Bound(member, perKey.Values, DhtLimits.RecordsPerKeyMax, "records under one key");
        Bound(member, perSigner.Values, DhtLimits.RecordsPerSignerMax, "records of one signer");

        if (perKey.Count > 0)
        {
            CheckServed(member, perKey.Keys.First(), now);
        }
    }

    /// <summary>What has changed since the last time: no sequence number goes back.</summary>
    internal void CheckOrder(DhtMember member)
    {
        Dictionary<(NodeId, NodeId), HeldRecord> seen = _seen.GetOrCreateValue(member);
        TimeSpan now = member.Dht.Now.Elapsed;

        foreach ((NodeId key, HeldRecord held) in member.Dht.Store.Held)
        {
            invariants.Demand(
                !seen.TryGetValue((key, held.Signer), out HeldRecord? before)
                    || held.Sequence >= before.Sequence
                    || now >= before.Forgotten,
                member,
                $"record {held.Sequence} of {held.Signer} has taken the place of {before?.Sequence}");
            seen[(key, held.Signer)] = held;
        }
    }

    private void CheckOne(DhtMember member, NodeId key, HeldRecord held, SignedRecord record, Moment now)
    {
        if (!_verified.TryGetValue(record, out _))
        {
            invariants.Demand(
                SignedRecords.TryVerify(record, out NodeId signer, member.Key.Check) && signer == held.Signer,
                member,
                $"it holds a record that {held.Signer} has not signed");
            invariants.Demand(NodeId.Read(record.Key.Span) == key, member, "a record lies under a foreign key");
            invariants.Demand(
                record.Value.Length <= DhtLimits.ValueBytesMax, member, $"a value of {record.Value.Length} bytes");
            _verified.Add(record, record);
        }

        invariants.Demand(record.Sequence == held.Sequence, member, "it counts another sequence than the record's");
        invariants.Demand(
            held.Expires - now.Elapsed <= TimeSpan.FromSeconds(record.TtlSeconds),
            member,
            "it means to serve a record for longer than its lease");
    }

    // Nothing that has expired by the holder's own clocks is given out, and all of it in order.
    private void CheckServed(DhtMember member, NodeId key, Moment now)
    {
        NodeId? last = null;
        var shelf = member.Dht.Store.Held.Where(one => one.Key == key).ToDictionary(
            one => one.Held.Signer, one => one.Held.Expires);

        foreach (SignedRecord record in member.Dht.Store.Page(key, after: null, int.MaxValue, now, out _))
        {
            NodeId signer = record.Claimed;
            invariants.Demand(now.Elapsed < shelf[signer], member, $"it serves an expired record of {signer}");
            invariants.Demand(last is not { } before || before.CompareTo(signer) < 0, member, "a page is out of order");
            last = signer;
        }
    }

    private void Bound(DhtMember member, IReadOnlyCollection<int> counts, int most, string what)
        => invariants.Demand(counts.All(count => count <= most), member, $"more than {most} {what}");
}
