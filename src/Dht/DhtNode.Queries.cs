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
    private async Task<Stored?> StoreAsync(Contact contact, Store store, CancellationToken cancel)
        => (await QueryAsync(contact, new Envelope { Store = store }, cancel))?.Stored;

    private async Task<Envelope?> QueryAsync(Contact contact, Envelope question, CancellationToken cancel)
    {
        TimeSpan sentAt = Elapsed;

        try
        {
            if (_links.TryGet(contact.Id, out ILink? open))
            {
                return await AskAsync(open, contact.Addresses, question, sentAt, cancel);
            }

            using var either = new CancellationTokenSource(_options.QueryTimeout, _time);
            using CancellationTokenRegistration left = cancel.UnsafeRegister(
                static source => ((CancellationTokenSource)source!).Cancel(), either);
            ILink link = await DialAsync(contact.Addresses, either.Token);
            return await AskAsync(link, contact.Addresses, question, sentAt, either.Token);
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
        TimeSpan sentAt,
        CancellationToken cancel)
    {
        lock (_gate)
        {
            _queries++;
        }

        Envelope answer = await link.RequestAsync(
            question, StreamPriority.Control, _options.QueryTimeout, _time, cancel);
        Envelope.BodyOneofCase wanted = question.BodyCase == Envelope.BodyOneofCase.Find
            ? Envelope.BodyOneofCase.Found
            : Envelope.BodyOneofCase.Stored;

        if (answer.BodyCase != wanted || answer.WireBytes > DhtLimits.MessageBytesMax)
        {
            link.Abort(FaultCode.Protocol, "Not the answer to the question, or too long.");
            throw new ProtocolException($"{link.Remote} answered {answer.BodyCase}.");
        }

        OnAnswer(link, dialled, sentAt);
        return answer;
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

    private void OnAnswer(ILink link, IReadOnlyList<PeerAddress> dialled, TimeSpan sentAt)
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
            isNew = _table.OnAnswer(contact, now, now - sentAt);
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

    // A known node gets four of its usual round trips before its slot is freed; an unknown one must first be dialled.
    private TimeSpan PatienceFor(NodeId id)
    {
        lock (_gate)
        {
            if (_table.RoundTripTo(id) is not { } usual)
            {
                return _options.ColdPatience;
            }

            TimeSpan patience = 4 * usual;
            return patience < _options.PatienceMin ? _options.PatienceMin
                : patience > _options.PatienceMax ? _options.PatienceMax
                : patience;
        }
    }
}
