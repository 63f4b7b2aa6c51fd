using Swarm.Dht;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Testing.Kademlia;

/// <summary>One node of a <see cref="DhtSwarm"/>: the real DHT over real links, on a simulated network.</summary>
public sealed class DhtMember
{
    private readonly CancellationTokenSource _stop = new();
    private readonly DhtSwarm _swarm;

    internal DhtMember(
        DhtSwarm swarm, NodeKey key, string swarmName, bool server, TimeProvider clock, PeerAddress? listen = null)
    {
        _swarm = swarm;
        Hello hello = Hellos.Create(SwarmId.FromName(swarmName), numerics: 1, "swarm test", "test", server);
        Transport = listen is null
            ? swarm.Network.Attach(key.Id, hello, listens: server)
            : swarm.Network.Attach(key.Id, hello, listen);
        Clock = clock;
        Key = key;
        IsServer = server;
        Links = new LinkPool(Transport, key.Id, clock, options: swarm.LinkOptions);
        Dht = new DhtNode(key, Links, server, swarm.Options, clock, new Random(swarm.Loop.Random.Next()));
    }

    public NodeKey Key { get; }

    public NodeId Id => Key.Id;

    public LinkPool Links { get; }

    public DhtNode Dht { get; }

    public bool IsServer { get; }

    /// <summary>Its own clock: the simulation's, unless the swarm's clocks differ.</summary>
    public TimeProvider Clock { get; }

    /// <summary>Cancelled when it dies.</summary>
    public CancellationToken Stopped => _stop.Token;

    public MemoryTransport Transport { get; }

    public bool IsAlive { get; private set; } = true;

    public PeerAddress Address => _swarm.Network.AddressOf(Id) with { Node = null };

    public Swarm.Dht.Routing.Contact Contact => new(Id, [Address with { Node = Id }]);

    public IEnumerable<NodeId> Contacts => Dht.Table.Contacts.Select(contact => contact.Id);

    /// <summary>When it had joined, by the simulation's clock.</summary>
    public long ReadySince { get; internal set; } = long.MaxValue;

    /// <summary>Its place among the living.</summary>
    internal int Place { get; set; }

    /// <summary>Starts answering, and joins through the given nodes.</summary>
    public async Task<bool> StartAsync(IReadOnlyList<PeerAddress> bootstraps)
    {
        Run();
        bool answered = await Dht.BootstrapAsync(bootstraps, _stop.Token);
        ReadySince = _swarm.Loop.Clock.GetTimestamp();
        return answered;
    }

    /// <summary>Starts answering, with the table it has.</summary>
    internal void Run()
    {
        _ = Links.RunAsync(_stop.Token);
        _ = Dht.RunAsync(_stop.Token);
    }

    /// <summary>The process dies; with <paramref name="silently"/>, the machine.</summary>
    public void Kill(bool silently = false)
    {
        IsAlive = false;
        _stop.Cancel();
        Dht.Dispose();
        _swarm.Leave(this);

        if (silently)
        {
            _swarm.Network.Vanish(Id);
        }
        else
        {
            _swarm.Network.Kill(Id);
        }
    }
}
