using Swarm.Dht.Records;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Dht;

// This node's own records, and those it hands on.
public sealed partial class DhtNode
{
    // The part of a lease after which a record is renewed: one renewal may be lost and the record still lives.
    private const double RenewAt = 0.5;

    // Renewals of a whole swarm must not fall together.
    private const double Jitter = 0.2;

    // Holders are searched anew when fewer than enough are left, and at one renewal of so many: the word of one holder
    // is not trusted for ever.
    private const int ReplicasLostMax = 2;
    private const int RenewalsPerSearch = 32;

    // Of its holders so many say who has come nearer: the nearest may have died.
    private const int NamingHolders = 2;

    // A record nobody holds is offered again soon.
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Publishes a value of this node under a key and keeps it published, renewed at half its lease, until it is
    /// withdrawn. Under one key a node has one record: publishing again updates it.
    /// </summary>
    /// <param name="key">See <see cref="DhtKeys"/>.</param>
    /// <param name="value">At most 1 KiB.</param>
    /// <param name="lease">From 1 to 600 s; 120 s is usual.</param>
    /// <param name="cancel">Ends the wait for the first holders; the record is renewed all the same.</param>
    public async Task<Publication> PublishAsync(
        NodeId key, ReadOnlyMemory<byte> value, TimeSpan lease, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lease, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lease, DhtLimits.LeaseMax);
        Publication? publication;
        bool isNew;

        lock (_gate)
        {
            isNew = !_publications.TryGetValue(key, out publication);

            if (isNew)
            {
                publication = new Publication(this, key, lease, _stop.Token);
                _publications[key] = publication;
            }
        }

        try
        {
            _ = await UpdateAsync(publication!, value, cancel);
        }
        finally
        {
            if (isNew)
            {
                // Watched by nobody, so it catches what can happen; it ends with the publication or the node.
                _ = RenewAsync(publication!, NextRenewal(publication!));
            }
        }

        return publication!;
    }

    /// <summary>
    /// Takes up a publication whose record these nodes hold already, at a moment drawn at random between two of its
    /// renewals: simulations begin with what hours of publishing leave.
    /// </summary>
    internal Publication Resume(
        NodeId key, ReadOnlyMemory<byte> value, TimeSpan lease, IReadOnlyList<Contact> holders)
    {
        var publication = new Publication(this, key, lease, _stop.Token)
        {
            Value = value,
            HeldBy = [.. holders.Where(holder => holder.Id != Id)],
            Holders = holders.Count,
        };
        TimeSpan interval = NextRenewal(publication);
        TimeSpan age;

        lock (_gate)
        {
            age = interval * _random.NextDouble();
            publication.Renewals = _random.Next(RenewalsPerSearch);
            publication.Record = SignedRecords.Sign(
                _key, key, ++_sequence, _time.GetUtcNow() - age, lease, value.Span);
            _publications.Add(key, publication);
        }

        _ = RenewAsync(publication, interval - age);
        return publication;
    }

    internal Task<int> UpdateAsync(Publication publication, ReadOnlyMemory<byte> value, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, DhtLimits.ValueBytesMax);
        publication.Value = value;
        return SpreadAsync(publication, publication.Lease, cancel);
    }

    internal async Task<int> WithdrawAsync(
        Publication publication, ReadOnlyMemory<byte> tombstone, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tombstone.Length, DhtLimits.ValueBytesMax);
        publication.Value = tombstone;
        publication.Ended.Cancel();

        // As long as an older record could be replayed, the tombstone must be there to refuse it.
        TimeSpan lease = publication.Lease + DhtLimits.ClockSkewMax;
        int holders = await SpreadAsync(
            publication, lease < DhtLimits.LeaseMax ? lease : DhtLimits.LeaseMax, cancel);

        lock (_gate)
        {
            _ = _publications.Remove(publication.Key);
        }

        return holders;
    }

    private async Task RenewAsync(Publication publication, TimeSpan wait)
    {
        CancellationToken ended = publication.Ended.Token;

        try
        {
            while (!ended.IsCancellationRequested)
            {
                await Task.Delay(wait, _time, ended);
                _ = await TryRenewAsync(publication, ended)
                    || await SpreadAsync(publication, publication.Lease, ended) > 0;
                wait = NextRenewal(publication);
            }
        }
        catch (OperationCanceledException)
        {
            // Withdrawn, or the node stops.
        }
    }

    private TimeSpan NextRenewal(Publication publication)
        => Jittered(publication.Holders == 0 ? RetryInterval : RenewAt * publication.Lease);

    // Gives it to those who hold it already, the nearest of whom say who has come nearer to the key since: a search for
    // each renewal would be most of all traffic.
    private async Task<bool> TryRenewAsync(Publication publication, CancellationToken cancel)
    {
        if (publication.HeldBy.Count < HoldersMin || ++publication.Renewals % RenewalsPerSearch == 0)
        {
            return false;
        }

        SignedRecord record = Sign(publication, publication.Lease);
        var store = new Store { Records = { record } };
        var asking = new Store { Records = { record }, Closer = true };
        IReadOnlyList<Contact> before = publication.HeldBy;
        Envelope?[] answers = await Task.WhenAll(before.Select(
            (contact, i) => StoreAsync(contact, i < NamingHolders ? asking : store, DhtPurpose.Publish, cancel)));
        cancel.ThrowIfCancellationRequested();

        HashSet<NodeId> asked = [.. before.Select(contact => contact.Id)];
        Contact[] kept = [.. before.Where((_, i) => IsAccepted(answers[i]))];
        IEnumerable<Contact> newer = answers
            .Take(NamingHolders)
            .SelectMany(answer => answer is null ? [] : ReadCloser(answer.Stored.Closer))
            .Where(contact => asked.Add(contact.Id));
        await StoreAsync(
            publication,
            record,
            [.. kept.Concat(newer).OrderBy(contact => contact.Id.DistanceTo(publication.Key))],
            kept,
            cancel);
        return publication.Holders >= HoldersMin;
    }

    // Who was lost is back: there may be another half of the swarm that still has older records.
    private async Task SearchHoldersAnewAsync(CancellationToken cancel)
    {
        Publication[] own;

        lock (_gate)
        {
            own = [.. _publications.Values];
        }

        foreach (Publication publication in own)
        {
            if (!publication.Ended.IsCancellationRequested)
            {
                _ = await SpreadAsync(publication, publication.Lease, cancel);
            }
        }
    }

    private int HoldersMin => Math.Max(1, _options.Replicas - ReplicasLostMax);

    private SignedRecord Sign(Publication publication, TimeSpan lease)
    {
        lock (_gate)
        {
            return publication.Record = SignedRecords.Sign(
                _key, publication.Key, ++_sequence, _time.GetUtcNow(), lease, publication.Value.Span);
        }
    }

    // Signs the publication's value anew and gives it to the nodes closest to its key.
    private async Task<int> SpreadAsync(Publication publication, TimeSpan lease, CancellationToken cancel)
    {
        SignedRecord record = Sign(publication, lease);
        LookupOutcome outcome = publication.Holders == 0
            ? await LookUpApartAsync(publication.Key, reading: null, cancel, _placementApart, DhtPurpose.Publish)
            : await LookUpAsync(publication.Key, reading: null, cancel, _placement, DhtPurpose.Publish);
        await StoreAsync(publication, record, outcome.Closest, holding: [], cancel);
        return publication.Holders;
    }

    private async Task StoreAsync(
        Publication publication,
        SignedRecord record,
        IReadOnlyList<Contact> closest,
        IReadOnlyList<Contact> holding,
        CancellationToken cancel)
    {
        int own = HoldOwn(record, publication.Key, closest) ? 1 : 0;
        publication.HeldBy = await StoreAtAsync(closest, record, _options.Replicas - own, holding, cancel);
        publication.Holders = publication.HeldBy.Count + own;
    }

    // This node is one of the holders if it is near enough itself.
    private bool HoldOwn(SignedRecord record, NodeId key, IReadOnlyList<Contact> closest)
    {
        NodeId own = Id.DistanceTo(key);
        int nearer = closest.Count(contact => contact.Id.DistanceTo(key).CompareTo(own) < 0);

        if (!_server || nearer >= _options.Replicas)
        {
            return false;
        }

        lock (_gate)
        {
            return _server && _store.Accept(record, Now) is null;
        }
    }

    // The nearest first, all that are wanted at once; for each that fails, the next nearest. Those that are holding it
    // already are not asked.
    private async Task<IReadOnlyList<Contact>> StoreAtAsync(
        IReadOnlyList<Contact> closest,
        SignedRecord record,
        int wanted,
        IReadOnlyList<Contact> holding,
        CancellationToken cancel)
    {
        var store = new Store { Records = { record } };
        var holders = new List<Contact>(wanted);

        for (int next = 0; next < closest.Count && holders.Count < wanted;)
        {
            int first = next;
            next += Math.Min(wanted - holders.Count, closest.Count - next);
            bool[] holds = await Task.WhenAll(closest.Skip(first).Take(next - first).Select(async contact =>
                holding.Contains(contact)
                    || IsAccepted(await StoreAsync(contact, store, DhtPurpose.Publish, cancel))));
            holders.AddRange(closest.Skip(first).Take(next - first).Where((_, i) => holds[i]));
            cancel.ThrowIfCancellationRequested();
        }

        return holders;
    }

    // The answer to a store of one record.
    private static bool IsAccepted(Envelope? answer) => answer?.Stored is { Refusals: [""] };

    // A node new to us may be nearer to some keys than their holders are. The nearest holder, if that is us, tells it.
    private void HandOver(Contact newcomer)
    {
        var records = new List<SignedRecord>();

        lock (_gate)
        {
            Moment now = Now;

            foreach (NodeId key in _store.Keys)
            {
                if (IsToHandOver(key, newcomer.Id))
                {
                    records.AddRange(_store.Page(key, after: null, int.MaxValue, now, out _));
                }
            }
        }

        if (records.Count > 0)
        {
            _ = GiveAsync(newcomer, records);
        }
    }

    private bool IsToHandOver(NodeId key, NodeId newcomer)
    {
        NodeId own = Id.DistanceTo(key);
        NodeId theirs = newcomer.DistanceTo(key);

        // Mostly somebody else is nearer than we are, and two are enough to see it.
        return _table.Nearest(key, 2).All(contact => contact.Id == newcomer || contact.Id.DistanceTo(key) > own)
            && _table.Nearest(key, _options.Replicas)
                .Count(contact => contact.Id.DistanceTo(key) < theirs) < _options.Replicas;
    }

    private async Task GiveAsync(Contact contact, List<SignedRecord> records)
    {
        // As many at once as a peer accepts from us; what is left is renewed by its signers within a minute.
        int left = (int)DhtLimits.StoresBurstMax;
        int next = 0;

        while (next < records.Count && left > 0)
        {
            var store = new Store();
            int bytes = MessageOverheadBytes;

            while (next < records.Count
                && left > 0
                && store.Records.Count < DhtLimits.RecordsPerStoreMax
                && (bytes += records[next].CalculateSize() + 4) <= DhtLimits.MessageBytesMax)
            {
                store.Records.Add(records[next++]);
                left--;
            }

            if (await StoreAsync(contact, store, DhtPurpose.HandOver, _stop.Token) is null)
            {
                return;
            }
        }
    }

    // After a restart with its clock set back this node would be refused until it counts on from its own last record.
    private void RaiseSequence(Reading reading)
    {
        if (reading.Newest().FirstOrDefault(record => record.Signer == Id) is { } own)
        {
            lock (_gate)
            {
                _sequence = Math.Max(_sequence, own.Sequence);
            }
        }
    }
}
