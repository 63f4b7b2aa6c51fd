using Swarm.Dht;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Simulation.Tests;

/// <summary>One node of a <see cref="DhtSwarm"/>: the real DHT over real links, on a simulated network.</summary>
internal sealed class DhtMember : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly SimulatedNetwork _network;

    internal DhtMember(
        DhtSwarm swarm, NodeKey key, string swarmName, bool server, DhtOptions options, PeerAddress? listen = null)
    {
        _network = swarm.Network;
        Hello hello = Hellos.Create(SwarmId.FromName(swarmName), numerics: 1, "swarm test", "test", server);
        MemoryTransport transport = listen is null
            ? _network.Attach(key.Id, hello, listens: server)
            : _network.Attach(key.Id, hello, listen);
        Key = key;
        IsServer = server;
        Links = new LinkPool(transport, key.Id, swarm.Loop.Clock);
        Dht = new DhtNode(key, Links, server, options, swarm.Loop.Clock, new Random(swarm.Loop.Random.Next()));
    }

    internal NodeKey Key { get; }

    internal NodeId Id => Key.Id;

    internal LinkPool Links { get; }

    internal DhtNode Dht { get; }

    internal bool IsServer { get; }

    internal bool IsAlive { get; private set; } = true;

    internal PeerAddress Address => _network.AddressOf(Id) with { Node = null };

    /// <summary>Starts answering, and joins through the given nodes.</summary>
    internal async Task<bool> StartAsync(IReadOnlyList<PeerAddress> bootstraps)
    {
        _ = Links.RunAsync(_stop.Token);
        _ = Dht.RunAsync(_stop.Token);
        return await Dht.BootstrapAsync(bootstraps, _stop.Token);
    }

    /// <summary>The process dies; with <paramref name="silently"/>, the machine.</summary>
    internal void Kill(bool silently = false)
    {
        IsAlive = false;
        _stop.Cancel();
        Dht.Dispose();

        if (silently)
        {
            _network.Vanish(Id);
        }
        else
        {
            _network.Kill(Id);
        }
    }

    public void Dispose()
    {
        _stop.Dispose();
        Dht.Dispose();
    }

    internal IEnumerable<NodeId> Contacts => Dht.Table.Contacts.Select(contact => contact.Id);
}
