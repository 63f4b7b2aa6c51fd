using Swarm.Dht.Records;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Dht;

// Drives the clockless lookup: sends what it asks for, and tells it what came back and when.
public sealed partial class DhtNode
{
    /// <summary>What a lookup came to.</summary>
    internal sealed record LookupOutcome(IReadOnlyList<Contact> Closest, int Hops, int Queries);

    /// <summary>
    /// Searches the nodes closest to a point; with a <paramref name="reading"/>, the records under it, and then only
    /// until enough holders have given theirs.
    /// </summary>
    internal async Task<LookupOutcome> LookUpAsync(NodeId target, Reading? reading, CancellationToken cancel)
    {
        Lookup lookup;

        lock (_gate)
        {
            lookup = new Lookup(
                target, _table.Nearest(target, _options.Lookup.Width), _options.Lookup, PatienceFor);
        }

        var inFlight = new List<Task<Reply>>();

        while (!lookup.IsOver(Elapsed) && (reading is null || reading.Holders < _options.HoldersRead))
        {
            while (lookup.Next(Elapsed) is { } contact)
            {
                // Lives as long as the node, not as long as the lookup: a late answer still refreshes the table.
                inFlight.Add(FindPagesAsync(contact, target, reading is not null, _stop.Token));
            }

            await AnyOrSlotAsync(inFlight, lookup.NextDeadline(), cancel);
            TakeReplies(inFlight, lookup, reading);
        }

        return new LookupOutcome([.. lookup.Closest()], lookup.Hops, lookup.Queries);
    }

    private void TakeReplies(List<Task<Reply>> inFlight, Lookup lookup, Reading? reading)
    {
        for (int i = 0; i < inFlight.Count; i++)
        {
            if (!inFlight[i].IsCompleted)
            {
                continue;
            }

            Reply reply = inFlight[i].Result;
            inFlight.RemoveAt(i--);

            if (reply.Closer is null)
            {
                lookup.OnFailure(reply.From);
                continue;
            }

            lookup.OnReply(reply.From, reply.Closer);
            reading?.AddHolder(reply.Records, _time.GetUtcNow());
        }
    }

    // Waits for the first answer, or until a slot is freed because its answer is overdue.
    private async Task AnyOrSlotAsync(List<Task<Reply>> inFlight, TimeSpan? slotAt, CancellationToken cancel)
    {
        if (inFlight.Exists(query => query.IsCompleted))
        {
            return;
        }

        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
        TimeSpan wait = slotAt is { } at ? at - Elapsed : _options.QueryTimeout;

        // A delay is cut to whole milliseconds: rounded down, the deadline would never be reached.
        double waitMs = Math.Max(1, Math.Ceiling(wait.TotalMilliseconds));
        var slot = Task.Delay(TimeSpan.FromMilliseconds(waitMs), _time, done.Token);
        _ = await Task.WhenAny([.. inFlight, slot]);
        cancel.ThrowIfCancellationRequested();
        _stop.Token.ThrowIfCancellationRequested();
        done.Cancel();
    }

    // Asks one node, and reads on until it has given every page of its records.
    private async Task<Reply> FindPagesAsync(Contact contact, NodeId target, bool records, CancellationToken cancel)
    {
        var find = new Find { Target = BytesOf(target), Records = records };
        Found? found = await FindAsync(contact, find, cancel);

        if (found is null)
        {
            return new Reply(contact.Id, null, []);
        }

        IReadOnlyList<Contact> closer = ReadCloser(found);
        var given = new List<SignedRecord>(found.Records);

        for (int page = 1; records && found is { More: true, Records.Count: > 0 } && page < DhtLimits.PagesMax; page++)
        {
            NodeId last = NodeKey.IdOf(found.Records[^1].PublicKey.Span);
            found = await FindAsync(
                contact,
                new Find { Target = find.Target, Records = true, After = BytesOf(last) },
                cancel);
            given.AddRange(found?.Records ?? []);
        }

        return new Reply(contact.Id, closer, given);
    }

    // Only so many are looked at, however many a liar names; ourselves we need not ask.
    private List<Contact> ReadCloser(Found found)
    {
        var closer = new List<Contact>();

        foreach (Protocol.Messages.Contact named in found.Closer.Take(2 * _options.Lookup.Width))
        {
            if (Contact.TryRead(named, out Contact? contact) && contact.Id != Id)
            {
                closer.Add(contact);
            }
        }

        return closer;
    }

    private sealed record Reply(NodeId From, IReadOnlyList<Contact>? Closer, IReadOnlyList<SignedRecord> Records);
}
