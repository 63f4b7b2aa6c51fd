using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Dht;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Node.Tests.Reaching;

/// <summary>Nodes with the real DHT and the real search for a way to them, on a simulated network.</summary>
internal sealed class ReachSwarm(SimulationLoop loop)
{
    public SimulatedNetwork Network { get; } = new(loop);

    public List<ReachMember> Members { get; } = [];

    /// <summary>A node that joins through the first one; nobody can ever dial a hidden one.</summary>
    /// <param name="hidden">Whether nobody can.</param>
    /// <param name="symmetric">Whether it cannot be met either.</param>
    /// <param name="prepare">Sees the member before it starts.</param>
    public async Task<ReachMember> JoinAsync(
        bool hidden = false, bool symmetric = true, Action<ReachMember>? prepare = null)
    {
        var key = NodeKey.Create();
        Hello hello = TestIdentity.Hello("test");
        MemoryTransport transport = Network.Attach(key.Id, hello);

        if (hidden)
        {
            Network.Hide(key.Id, symmetric);
        }

        var member = new ReachMember(loop, key, transport);
        Members.Add(member);
        prepare?.Invoke(member);
        await member.StartAsync(Members[0] == member ? [] : [Members[0].Address]);
        return member;
    }

    /// <summary>Somebody who asks once, and listens nowhere.</summary>
    public LinkPool AddGuest()
    {
        var key = NodeKey.Create();
        Hello hello = TestIdentity.Hello("test");
        hello.Server = false;
        var pool = new LinkPool(Network.Attach(key.Id, hello, listens: false), key.Id, loop.Clock);
        _ = pool.RunAsync(CancellationToken.None);
        return pool;
    }

    public Task WaitAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), loop.Clock);

    internal sealed class ReachMember
    {
        public ReachMember(SimulationLoop loop, NodeKey key, MemoryTransport transport)
        {
            Transport = transport;
            Key = key;
            Links = new LinkPool(transport, key.Id, loop.Clock);
            Dht = new DhtNode(key, Links, server: true, new DhtOptions(), loop.Clock, new Random(loop.Random.Next()));
            Reach = new Reach(
                transport, Links, Dht, loop.Clock, new Random(loop.Random.Next()), NullLogger.Instance);
        }

        public NodeKey Key { get; }

        public NodeId Id => Key.Id;

        public MemoryTransport Transport { get; }

        public LinkPool Links { get; }

        public DhtNode Dht { get; }

        public Reach Reach { get; }

        public PeerAddress Address => Transport.OwnAddresses[0] with { Node = null };

        /// <summary>The addresses at relays that it announces.</summary>
        public PeerAddress[] AtRelays => [.. Transport.Addresses.Where(address => address.Relay is not null)];

        /// <summary>Whether a question and its answer pass over a link.</summary>
        public static async Task<bool> AnswersAsync(ILink link, TimeProvider time)
            => (await link.RequestAsync(
                new Envelope { FetchModel = new FetchModel() },
                StreamPriority.Control,
                TimeSpan.FromSeconds(10),
                time,
                CancellationToken.None)).ModelPart is not null;

        public async Task StartAsync(IReadOnlyList<PeerAddress> doors)
        {
            Links.Handle(Envelope.BodyOneofCase.FetchModel, async (_, stream, cancel) =>
                await stream.SendAsync(new Envelope { ModelPart = new ModelPart() }, default, cancel));
            _ = Links.RunAsync(CancellationToken.None);
            _ = Dht.RunAsync(CancellationToken.None);
            Reach.Start();
            _ = await Dht.BootstrapAsync(doors, CancellationToken.None);
        }
    }
}
