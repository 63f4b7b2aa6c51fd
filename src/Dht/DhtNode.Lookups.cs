using Google.Protobuf.Collections;
using Swarm.Dht.Records;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Dht;

// Drives the clockless lookup: sends what it asks for, and tells it what came back and when.
public sealed partial class DhtNode
{
    // So many of those named nearest to a key are gone, where nodes stay for a quarter of an hour.
    private const int GoneAmongNearest = 2;

    /// <summary>What a lookup came to.</summary>
    internal sealed record LookupOutcome(IReadOnlyList<Contact> Closest, int Hops, int Queries);

    /// <summary>
    /// Searches the nodes closest to a point; with a <paramref name="reading"/>, the records under it, and then only
    /// until enough holders have given theirs.
    /// </summary>
    internal Task<LookupOutcome> LookUpAsync(
        NodeId target,
        Reading? reading,
        CancellationToken cancel,
        LookupOptions? options = null,
        DhtPurpose purpose = DhtPurpose.Search)
    {
        options ??= reading is null ? _options.Lookup : _options.Retrieval;
        int width = _options.Lookup.Width;
        IEnumerable<Contact> seeds = NearestKnown(target, width);

        // A reader wants an answer soon; other searches are to meet those that are not known yet.
        seeds = reading is null ? seeds : seeds.Concat(NearestLinked(target, width));
        return SearchAsync(new Lookup(target, seeds, options, PatienceFor), target, reading, purpose, cancel);
    }

    /// <summary>
    /// The same along several paths that share no node: as long as one of them meets no liar, the truth is found.
    /// </summary>
    internal async Task<LookupOutcome> LookUpApartAsync(
        NodeId target,
        Reading? reading,
        CancellationToken cancel,
        LookupOptions? options = null,
        DhtPurpose purpose = DhtPurpose.Search)
    {
        IReadOnlyList<Lookup> paths = await SearchApartAsync(
            target, reading, options ?? _options.Lookup, purpose, cancel);

        return new LookupOutcome(
            [.. paths.SelectMany(path => path.Closest())
                .OrderBy(contact => contact.Id.DistanceTo(target))
                .Take(_options.Lookup.Width)],
            paths.Max(path => path.Hops),
            paths.Sum(path => path.Queries));
    }

    private async Task<IReadOnlyList<Lookup>> SearchApartAsync(
        NodeId target, Reading? reading, LookupOptions options, DhtPurpose purpose, CancellationToken cancel)
    {
        int count = _options.DisjointPaths;
        var taken = new HashSet<NodeId>();

        // Without those that are only linked: anybody can have dialled us.
        IReadOnlyList<Contact> seeds = NearestKnown(target, count * _options.Lookup.Width);
        Lookup[] paths = [.. Enumerable.Range(0, count).Select(path => new Lookup(
            target, seeds.Where((_, i) => i % count == path), options, PatienceFor, Claim))];
        _ = await Task.WhenAll(paths.Select(path => SearchAsync(path, target, reading, purpose, cancel)));
        return paths;

        bool Claim(NodeId node)
        {
            lock (taken)
            {
                return taken.Add(node);
            }
        }
    }

    private IReadOnlyList<Contact> NearestKnown(NodeId target, int count)
    {
        lock (_gate)
        {
            return _table.Nearest(target, count);
        }
    }

    // Whoever has an open link to us is there and answers after one round trip, in the table or not.
    private IEnumerable<Contact> NearestLinked(NodeId target, int count)
        => _links.Links
            .Where(link => link.RemoteHello.Server)
            .OrderBy(link => link.Remote.DistanceTo(target))
            .Select(link => Contact.TryRead(link.Remote, link.RemoteHello, out Contact? contact) ? contact : null)
            .OfType<Contact>()
            .Take(count);

    private async Task<LookupOutcome> SearchAsync(
        Lookup lookup, NodeId target, Reading? reading, DhtPurpose purpose, CancellationToken cancel)
    {
        var question = new Envelope { Find = new Find { Target = BytesOf(target), Records = reading is not null } };
        Envelope? wide = null;
        using var replies = new Replies(_time);
        using CancellationTokenRegistration left = cancel.UnsafeRegister(Replies.End, replies);
        using CancellationTokenRegistration stopped = _stop.Token.UnsafeRegister(Replies.End, replies);

        while (!lookup.IsOver(Elapsed) && !HasRead(lookup, reading))
        {
            while (lookup.Next(Elapsed) is { } contact)
            {
                Envelope asked = lookup.ManyAreGone
                    ? wide ??= new Envelope { Find = new Find(question.Find) { Wide = true } }
                    : question;

                // Lives as long as the node, not as long as the lookup: a late answer still refreshes the table.
                _ = FindAsync(contact, asked, purpose, replies);
            }

            if (lookup.IsOver(Elapsed))
            {
                // Other searches of the same point have taken all that was left.
                break;
            }

            TimeSpan? slotAt = lookup.NextDeadline();
            await replies.WaitAsync(slotAt is { } at ? at - Elapsed : _options.QueryTimeout);
            replies.ThrowIfDefect();
            cancel.ThrowIfCancellationRequested();
            _stop.Token.ThrowIfCancellationRequested();
            TakeReplies(replies, lookup, reading);
        }

        return new LookupOutcome([.. lookup.Closest()], lookup.Hops, lookup.Queries);
    }

    // Not every holder knows every signer. Enough of them that know the same, and stand where signers look for holders
    // or next to it, for some of those nearer are gone, are as good as those nearest to the key, whom every signer
    // finds; so are more than half of them together, for a signer that has not reached one of these has not reached
    // half of its holders.
    private bool HasRead(Lookup lookup, Reading? reading)
    {
        if (reading is null)
        {
            return false;
        }

        int reach = _options.Replicas + GoneAmongNearest;

        // Several paths may read into one.
        lock (reading)
        {
            return reading.Holders >= _options.HoldersRead
                && (lookup.HaveAnswered(_options.HoldersRead)
                    || lookup.Nearest(reach).Count(reading.IsComplete) >= _options.HoldersRead
                    || lookup.Nearest(_options.Replicas).Count(reading.HasGiven) > _options.Replicas / 2);
        }
    }

    private void TakeReplies(Replies replies, Lookup lookup, Reading? reading)
    {
        while (replies.TryTake(out Reply? reply))
        {
            if (reply.Closer is null)
            {
                lookup.OnFailure(reply.From);
                continue;
            }

            lookup.OnReply(reply.From, reply.Closer);

            if (reading is not null)
            {
                // Several paths may read into one.
                lock (reading)
                {
                    reading.AddHolder(reply.From, reply.Records, _time.GetUtcNow());
                }
            }
        }
    }

    private async Task FindAsync(Contact contact, Envelope question, DhtPurpose purpose, Replies replies)
    {
        try
        {
            List<SignedRecord>? given = question.Find.Records ? [] : null;
            Found? found = (await QueryAsync(contact, question, purpose, _stop.Token, given))?.Found;
            replies.Add(new Reply(contact.Id, found is null ? null : ReadCloser(found.Closer), given ?? []));
        }
        catch (Exception defect)
        {
            replies.Fail(defect);
            throw;
        }
    }

    // Only so many are looked at, however many a liar names; ourselves we need not ask.
    private List<Contact> ReadCloser(RepeatedField<Protocol.Messages.Contact> named)
    {
        int count = Math.Min(named.Count, 2 * _options.Lookup.Width);
        var closer = new List<Contact>(count);

        for (int i = 0; i < count; i++)
        {
            if (Contact.TryRead(named[i], out Contact? contact) && contact.Id != Id)
            {
                closer.Add(contact);
            }
        }

        return closer;
    }
}
