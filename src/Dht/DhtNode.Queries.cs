using Google.Protobuf;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Dht;

// What this node asks of others. Whatever they answer, or fail to, is entered in the table here and nowhere else.
public sealed partial class DhtNode
{
    // What a ping comes to when nobody had to be asked.
    private static readonly Envelope Alive = new() { Found = new Found() };

    private static ByteString BytesOf(NodeId id)
    {
        Span<byte> bytes = stackalloc byte[NodeId.Size];
        id.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }

    // Null when the node did not answer within the deadline, or answered nonsense.
    private Task<Envelope?> StoreAsync(Contact contact, Store store, DhtPurpose purpose, CancellationToken cancel)
        => QueryAsync(contact, new Envelope { Store = store }, purpose, cancel);

    // Null when the node did not answer. The records found are given apart, for they may fill several answers.
    private async Task<Envelope?> QueryAsync(
        Contact contact,
        Envelope question,
        DhtPurpose purpose,
        CancellationToken cancel,
        List<SignedRecord>? given = null)
    {
        try
        {
            bool isOpen = _links.TryGet(contact.Id, out ILink? link);
            using CancellationTokenSource? patience = isOpen ? null : new(_options.QueryTimeout, _time);
            using CancellationTokenRegistration left = patience is null ? default : cancel.UnsafeRegister(
                static source => ((CancellationTokenSource)source!).Cancel(), patience);
            CancellationToken either = patience?.Token ?? cancel;

            if (!isOpen)
            {
                DialOutcome dialled = await DialAsync(contact.Addresses, either);
                link = dialled.Link;

                if (dialled.Failure is { } failure)
                {
                    OnFailure(contact.Id, failure, cancel);
                    return null;
                }

                if (question.Find is { Ping: true })
                {
                    // That the link comes up is the sign of life.
                    OnAnswer(link!, contact.Addresses, roundTrip: null);
                    return Alive;
                }
            }

            TimeSpan askedAt = OnAsking(purpose);
            Func<Envelope, bool>? isFollowed = given is null ? null : Reads(given, purpose);
            Envelope answer = await AskAsync(link!, question, either, isFollowed);
            return OnAnswer(link!, contact.Addresses, question, answer, purpose, askedAt);
        }
        catch (Exception error) when (IsOfThePeer(error))
        {
            OnFailure(contact.Id, error, cancel);
            return null;
        }
    }

    private ValueTask<Envelope> AskAsync(
        ILink link, Envelope question, CancellationToken cancel, Func<Envelope, bool>? isFollowed = null)
        => link.RequestAsync(question, StreamPriority.Control, _options.QueryTimeout, _time, cancel, isFollowed);

    // Takes the records of each answer and says whether another follows. The first one is looked at once more, as any.
    private Func<Envelope, bool> Reads(List<SignedRecord> given, DhtPurpose purpose)
    {
        int pages = 0;

        return answer =>
        {
            if (answer.Found is not { } page || answer.WireBytes > DhtLimits.MessageBytesMax)
            {
                return false;
            }

            given.AddRange(page.Records);
            Count(purpose, requests: 0, pages++ == 0 ? 0 : answer.WireBytes);
            return page is { More: true, Records.Count: > 0 } && pages < DhtLimits.PagesMax;
        };
    }

    // When it was asked: without the time to open the link, which the next question will not take.
    private TimeSpan OnAsking(DhtPurpose purpose)
    {
        Count(purpose, requests: 1, bytes: 0);
        return Elapsed;
    }

    private Envelope OnAnswer(
        ILink link,
        IReadOnlyList<PeerAddress> dialled,
        Envelope question,
        Envelope answer,
        DhtPurpose purpose,
        TimeSpan askedAt)
    {
        Envelope.BodyOneofCase wanted = question.BodyCase == Envelope.BodyOneofCase.Find
            ? Envelope.BodyOneofCase.Found
            : Envelope.BodyOneofCase.Stored;

        Count(purpose, requests: 0, question.WireBytes + answer.WireBytes);

        if (answer.BodyCase != wanted || answer.WireBytes > DhtLimits.MessageBytesMax)
        {
            link.Abort(FaultCode.Protocol, "Not the answer to the question, or too long.");
            throw new ProtocolException($"{link.Remote} answered {answer.BodyCase}.");
        }

        OnAnswer(link, dialled, Elapsed - askedAt);
        return answer;
    }

    private void Count(DhtPurpose purpose, int requests, int bytes)
    {
        lock (_gate)
        {
            DhtTraffic before = _traffic[(int)purpose];
            _traffic[(int)purpose] = new DhtTraffic(before.Requests + requests, before.Bytes + bytes);
        }
    }

    private ValueTask<DialOutcome> DialAsync(IReadOnlyList<PeerAddress> addresses, CancellationToken cancel)
        => addresses.Count == 1 ? _links.TryGetAsync(addresses[0], cancel) : DialOneOfAsync(addresses, cancel);

    private async ValueTask<DialOutcome> DialOneOfAsync(IReadOnlyList<PeerAddress> addresses, CancellationToken cancel)
    {
        // Each address has its share of the time, so that one that swallows packets leaves some for the next.
        TimeSpan share = _options.QueryTimeout / addresses.Count;

        for (int i = 0; i < addresses.Count - 1; i++)
        {
            using var patience = new CancellationTokenSource(share, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

            DialOutcome outcome = await _links.TryGetAsync(addresses[i], either.Token);

            if (outcome.Link is not null || cancel.IsCancellationRequested)
            {
                return outcome;
            }

            // The next address may do better.
        }

        return await _links.TryGetAsync(addresses[^1], cancel);
    }

    // A peer that is gone, slow, unwilling or wrong, or our own links that are closed already. Anything else is a
    // defect of ours and falls through.
    private static bool IsOfThePeer(Exception error)
        => error is LinkClosedException or FaultException or ProtocolException or OperationCanceledException
            or ObjectDisposedException;

    private void OnAnswer(ILink link, IReadOnlyList<PeerAddress> dialled, TimeSpan? roundTrip)
    {
        if (!link.RemoteHello.Server)
        {
            LetGo(link.Remote);
            return;
        }

        if (!Contact.TryRead(link.Remote, link.RemoteHello, out Contact? contact))
        {
            contact = new Contact(link.Remote, [.. dialled.Select(address => address with { Node = link.Remote })]);
        }

        bool isNew;

        lock (_gate)
        {
            if (roundTrip is { } measured)
            {
                CountRoundTrip(measured);
            }

            isNew = _table.OnAnswer(
                contact, Elapsed, roundTrip ?? _table.RoundTripTo(contact.Id) ?? link.RoundTrip);
        }

        if (isNew && _server)
        {
            HandOver(contact);
        }
    }

    private void OnFailure(NodeId id, Exception error, CancellationToken cancel)
    {
        // Busy is alive, but of no use now; and when this node stops it is not the peer that failed.
        if (error is FaultException { Code: FaultCode.Busy or FaultCode.Leaving } || cancel.IsCancellationRequested)
        {
            return;
        }

        lock (_gate)
        {
            _queriesFailed++;

            if (_table.OnFailure(id) is { } dropped)
            {
                Remember(dropped);
            }
        }
    }

    // Four of its usual round trips, before a node's slot is freed; twice the three that it takes to dial it and ask.
    // Who was never measured is taken for as far away as others are.
    private TimeSpan PatienceFor(NodeId id)
    {
        bool isOpen = _links.TryGet(id, out ILink? link);
        TimeSpan? known;
        TimeSpan usual;

        lock (_gate)
        {
            known = _table.RoundTripTo(id);
            usual = _usualRoundTrip;
        }

        known ??= link?.RoundTrip;

        return known > TimeSpan.Zero
            ? Clamp((isOpen ? 4 : 6) * known.Value, _options.PatienceMin, _options.PatienceMax)
            : isOpen ? _options.WarmPatience
            : usual > TimeSpan.Zero ? Clamp(6 * usual, _options.WarmPatience, _options.ColdPatience)
            : _options.ColdPatience;

        static TimeSpan Clamp(TimeSpan time, TimeSpan least, TimeSpan most)
            => time < least ? least : time > most ? most : time;
    }

    // Under the gate. Each new one counts a twentieth: some dozen decide.
    private void CountRoundTrip(TimeSpan roundTrip)
        => _usualRoundTrip = _usualRoundTrip == TimeSpan.Zero
            ? roundTrip
            : _usualRoundTrip + ((roundTrip - _usualRoundTrip) / 20);
}
