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
    private static ByteString BytesOf(NodeId id)
    {
        Span<byte> bytes = stackalloc byte[NodeId.Size];
        id.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }

    // Null when the node did not answer within the deadline, or answered nonsense.
    private async Task<Stored?> StoreAsync(
        Contact contact, Store store, DhtPurpose purpose, CancellationToken cancel)
        => (await QueryAsync(contact, new Envelope { Store = store }, purpose, cancel))?.Stored;

    private async Task<Envelope?> QueryAsync(
        Contact contact, Envelope question, DhtPurpose purpose, CancellationToken cancel)
    {
        try
        {
            if (_links.TryGet(contact.Id, out ILink? open))
            {
                return await AskAsync(open, contact.Addresses, question, purpose, cancel);
            }

            using var either = new CancellationTokenSource(_options.QueryTimeout, _time);
            using CancellationTokenRegistration left = cancel.UnsafeRegister(
                static source => ((CancellationTokenSource)source!).Cancel(), either);
            ILink link = await DialAsync(contact.Addresses, either.Token);
            return await AskAsync(link, contact.Addresses, question, purpose, either.Token);
        }
        catch (FaultException fault) when (fault.Code is FaultCode.Busy or FaultCode.Leaving)
        {
            // Alive, but of no use now.
            return null;
        }
        catch (Exception error) when (IsOfThePeer(error))
        {
            // When this node stops it is not the peer that failed.
            if (!cancel.IsCancellationRequested)
            {
                OnFailure(contact.Id);
            }

            return null;
        }
    }

    private async Task<Envelope> AskAsync(
        ILink link,
        IReadOnlyList<PeerAddress> dialled,
        Envelope question,
        DhtPurpose purpose,
        CancellationToken cancel)
    {
        // Without the time to open the link, which the next question will not take.
        TimeSpan askedAt = Elapsed;
        Count(purpose, requests: 1, bytes: 0);
        Envelope answer = await link.RequestAsync(
            question, StreamPriority.Control, _options.QueryTimeout, _time, cancel);
        Envelope.BodyOneofCase wanted = question.BodyCase == Envelope.BodyOneofCase.Find
            ? Envelope.BodyOneofCase.Found
            : Envelope.BodyOneofCase.Stored;

        Count(purpose, requests: 0, question.WireBytes + answer.WireBytes);

        if (answer.BodyCase != wanted || answer.WireBytes > DhtLimits.MessageBytesMax)
        {
            link.Abort(FaultCode.Protocol, "Not the answer to the question, or too long.");
            throw new ProtocolException($"{link.Remote} answered {answer.BodyCase}.");
        }

        OnAnswer(link, dialled, askedAt);
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

    private ValueTask<ILink> DialAsync(IReadOnlyList<PeerAddress> addresses, CancellationToken cancel)
        => addresses.Count == 1 ? _links.GetAsync(addresses[0], cancel) : DialOneOfAsync(addresses, cancel);

    private async ValueTask<ILink> DialOneOfAsync(IReadOnlyList<PeerAddress> addresses, CancellationToken cancel)
    {
        // Each address has its share of the time, so that one that swallows packets leaves some for the next.
        TimeSpan share = _options.QueryTimeout / addresses.Count;

        for (int i = 0; i < addresses.Count - 1; i++)
        {
            using var patience = new CancellationTokenSource(share, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

            try
            {
                return await _links.GetAsync(addresses[i], either.Token);
            }
            catch (Exception error) when (IsOfThePeer(error) && !cancel.IsCancellationRequested)
            {
                // The next address may do better.
            }
        }

        return await _links.GetAsync(addresses[^1], cancel);
    }

    // A peer that is gone, slow, unwilling or wrong, or our own links that are closed already. Anything else is a
    // defect of ours and falls through.
    private static bool IsOfThePeer(Exception error)
        => error is LinkClosedException or FaultException or ProtocolException or OperationCanceledException
            or ObjectDisposedException;

    private void OnAnswer(ILink link, IReadOnlyList<PeerAddress> dialled, TimeSpan askedAt)
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
            TimeSpan now = Elapsed;
            isNew = _table.OnAnswer(contact, now, now - askedAt);
        }

        if (isNew && _server)
        {
            HandOver(contact);
        }
    }

    private void OnFailure(NodeId id)
    {
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
    private TimeSpan PatienceFor(NodeId id)
    {
        bool isOpen = _links.TryGet(id, out ILink? link);
        TimeSpan usual;

        lock (_gate)
        {
            usual = _table.RoundTripTo(id) ?? link?.RoundTrip ?? TimeSpan.Zero;
        }

        if (usual == TimeSpan.Zero)
        {
            return isOpen ? _options.WarmPatience : _options.ColdPatience;
        }

        TimeSpan patience = (isOpen ? 4 : 6) * usual;
        return patience < _options.PatienceMin ? _options.PatienceMin
            : patience > _options.PatienceMax ? _options.PatienceMax
            : patience;
    }
}
