using System.Collections.Concurrent;
using System.Net;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>Makes transports of one kind that can reach one another.</summary>
internal sealed class TransportPair : IAsyncDisposable
{
    private readonly string _kind;
    private readonly RecordedDials _dials = new();
    private readonly MemoryNetwork _memory;
    private readonly List<ITransport> _made = [];
    private readonly List<NodeKey> _keys = [];
    private int _port = 7000;

    public TransportPair(string kind)
    {
        _kind = kind;
        _memory = new MemoryNetwork(TimeProvider.System, _dials);
    }

    /// <summary>Who was dialled in memory; nobody says so over TCP.</summary>
    public IEnumerable<NodeId> Dialled => _dials.Targets;

    public (ITransport Transport, NodeId Id) Make(
        string swarm = "test", Action<Hello>? change = null, bool listens = true, string host = "10.0.0.1")
    {
        var key = NodeKey.Create();
        Hello hello = TestIdentity.Hello(swarm);
        change?.Invoke(hello);
        ITransport transport = _kind == "tcp"
            ? new TcpTransport(key, hello, listens ? new IPEndPoint(IPAddress.Loopback, 0) : null, TimeProvider.System)
            : _memory.Attach(key.Id, hello, listens ? new PeerAddress(host, _port++) : null);

        _made.Add(transport);
        _keys.Add(key);
        return (transport, key.Id);
    }

    public async Task<(ILink Dialler, ILink Acceptor)> ConnectAsync()
    {
        (ITransport one, _) = Make();
        (ITransport other, _) = Make();
        Task<ILink> accepted = AcceptAsync(other);
        ILink dialled = await one.DialAsync(other.Addresses[0], CancellationToken.None);
        return (dialled, await accepted);
    }

    public static void Kill(ITransport transport)
    {
        (transport as TcpTransport)?.Kill();
        (transport as MemoryTransport)?.Kill();
    }

    public static async Task<ILink> AcceptAsync(ITransport transport)
        => await transport.AcceptAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        foreach (ITransport transport in _made)
        {
            await transport.DisposeAsync();
        }

        foreach (NodeKey key in _keys)
        {
            key.Dispose();
        }
    }

    /// <summary>A network without delays that keeps whom somebody dialled.</summary>
    private sealed class RecordedDials : IMemoryPaths
    {
        public ConcurrentQueue<NodeId> Targets { get; } = [];

        public TimeSpan Delay(MemoryTransport source, MemoryTransport target, int bytes) => TimeSpan.Zero;

        public bool IsOpen(MemoryTransport source, MemoryTransport target) => true;

        public DialFate Dial(MemoryTransport source, MemoryTransport target)
        {
            Targets.Enqueue(target.Self);
            return DialFate.Answered;
        }

        public bool IsLost(PeerAddress address) => false;
    }
}
