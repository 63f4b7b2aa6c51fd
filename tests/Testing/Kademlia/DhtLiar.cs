using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Testing.Kademlia;

/// <summary>
/// A member that works with others of its kind: it names only them, hides every record, and says it stored what it threw
/// away.
/// </summary>
internal sealed class DhtLiar
{
    private readonly IReadOnlyList<DhtLiar> _gang;
    private readonly int _named;

    internal DhtLiar(SimulatedNetwork network, NodeKey key, IReadOnlyList<DhtLiar> gang, int named, TimeProvider time)
    {
        (_gang, _named) = (gang, named);
        Hello hello = Hellos.Create(SwarmId.FromName("one"), numerics: 1, "swarm test", "test", server: true);
        MemoryTransport transport = network.Attach(key.Id, hello);
        Contact = new Contact(key.Id, transport.Addresses);
        var links = new LinkPool(transport, key.Id, time);
        links.Handle(Envelope.BodyOneofCase.Find, AnswerFindAsync);
        links.Handle(Envelope.BodyOneofCase.Store, AnswerStoreAsync);
        _ = links.RunAsync(CancellationToken.None);
    }

    internal Contact Contact { get; }

    private async Task AnswerFindAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        var target = NodeId.Read(first.Find.Target.Span);
        var found = new Found();
        found.Closer.Add(_gang
            .Where(liar => liar != this)
            .OrderBy(liar => liar.Contact.Id.DistanceTo(target))
            .Take(_named)
            .Select(liar => liar.Contact.ToMessage()));
        await stream.SendAsync(new Envelope { Found = found }, default, cancel);
        await stream.EndAsync(cancel);
    }

    private static async Task AnswerStoreAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        var stored = new Stored();
        stored.Refusals.Add(first.Store.Records.Select(_ => ""));
        await stream.SendAsync(new Envelope { Stored = stored }, default, cancel);
        await stream.EndAsync(cancel);
    }
}
