using Google.Protobuf.Collections;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Dht;

// What others ask of this node.
public sealed partial class DhtNode
{
    // Room for the tags and lengths around contacts and records.
    private const int MessageOverheadBytes = 64;

    private async Task AnswerFindAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        Find find = first.Find;

        if (find.Target.Length != NodeId.Size)
        {
            throw new ProtocolException("A Find needs a target of 32 bytes.");
        }

        RefuseAsClient();
        Consider(stream.Link);
        var target = NodeId.Read(find.Target.Span);
        Found found = find.Ping ? new Found() : Find(find, target, stream.Link.Remote);
        await stream.SendAsync(new Envelope { Found = found }, default, cancel);

        // Who would have to ask for each page would wait a round trip for each.
        for (int pages = 1; found.More && pages < DhtLimits.PagesMax; pages++)
        {
            found = ReadOn(target, found.Records[^1].Claimed);
            await stream.SendAsync(new Envelope { Found = found }, default, cancel);
        }

        await stream.EndAsync(cancel);
    }

    private async Task AnswerStoreAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        if (first.Store.Records.Count > DhtLimits.RecordsPerStoreMax)
        {
            throw new ProtocolException($"A Store has more than {DhtLimits.RecordsPerStoreMax} records.");
        }

        RefuseAsClient();
        Consider(stream.Link);
        Stored stored = Hold(first.Store, stream.Link.Remote);

        if (first.Store is { Closer: true, Records: [{ Key.Length: NodeId.Size } record, ..] })
        {
            lock (_gate)
            {
                Name(NodeId.Read(record.Key.Span), _options.Lookup.Width, stream.Link.Remote, stored.Closer);
            }
        }

        await stream.SendAsync(new Envelope { Stored = stored }, default, cancel);
        await stream.EndAsync(cancel);
    }

    private void RefuseAsClient()
    {
        if (!_server)
        {
            throw new FaultException(FaultCode.NotServed, "This node cannot be dialled and serves no DHT requests.");
        }
    }

    private Found Find(Find find, NodeId target, NodeId asker)
    {
        // Records need the other half of the message.
        int named = (find.Wide && !find.Records ? 2 : 1) * _options.Lookup.Width;
        var found = new Found { NowMs = (ulong)Math.Max(0, _time.GetUtcNow().ToUnixTimeMilliseconds()) };

        lock (_gate)
        {
            Name(target, named, asker, found.Closer);

            if (find.Records)
            {
                Fill(found, target, after: null);
            }
        }

        return found;
    }

    private Found ReadOn(NodeId target, NodeId after)
    {
        var found = new Found();

        lock (_gate)
        {
            Fill(found, target, after);
        }

        return found;
    }

    // Under the gate. Whatever else the message holds, there is room for a record.
    private void Fill(Found found, NodeId target, NodeId? after)
    {
        int room = DhtLimits.MessageBytesMax - found.Measure() - MessageOverheadBytes;
        found.Records.Add(_store.Page(target, after, room, Now, out bool more));
        found.More = more;
    }

    // Under the gate. Who asks is not told of itself.
    private void Name(NodeId target, int count, NodeId asker, RepeatedField<Protocol.Messages.Contact> named)
    {
        IReadOnlyList<Contact> nearest = _table.NearestFresh(target, count, Elapsed, except: asker);
        named.Capacity = nearest.Count;

        for (int i = 0; i < nearest.Count; i++)
        {
            named.Add(nearest[i].ToMessage());
        }
    }

    private Stored Hold(Store store, NodeId from)
    {
        var stored = new Stored();

        foreach (SignedRecord record in store.Records)
        {
            string? refusal;

            lock (_gate)
            {
                Moment now = Now;
                refusal = !_server ? "This node serves others no longer."
                    : _storeRate.TryTake(from, now.Elapsed)
                    ? _store.Accept(record, now, () => _checkRate.TryTake(now.Elapsed))
                    : "Too many records from this peer; try again later.";
            }

            stored.Refusals.Add(refusal ?? "");
        }

        return stored;
    }

    // A peer that can be dialled no longer, or can now.
    private void OnHelloRenewed(ILink link)
    {
        if (link.RemoteHello.Server)
        {
            Consider(link);
        }
        else
        {
            LetGo(link.Remote);
        }
    }

    private void LetGo(NodeId client)
    {
        lock (_gate)
        {
            _table.Remove(client);
        }
    }

    /// <summary>
    /// A peer contacted us. It may enter the table once it has answered us, which we ask on our own schedule.
    /// </summary>
    private void Consider(ILink link)
    {
        if (!link.RemoteHello.Server
            || !Contact.TryRead(link.Remote, link.RemoteHello, out Contact? contact))
        {
            return;
        }

        lock (_gate)
        {
            if (_table.HasRoomFor(contact.Id)
                && !_awaitingCheck.Contains(contact.Id)
                && _checks.Writer.TryWrite(contact))
            {
                _ = _awaitingCheck.Add(contact.Id);
            }
        }
    }
}
