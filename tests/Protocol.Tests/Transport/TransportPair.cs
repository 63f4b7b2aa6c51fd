using System.Net;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>Makes transports of one kind that can reach one another.</summary>
internal sealed class TransportPair(string kind) : IAsyncDisposable
{
    private readonly MemoryNetwork _memory = new(TimeProvider.System);
    private readonly List<ITransport> _made = [];
    private readonly List<NodeKey> _keys = [];
    private int _port = 7000;

    public (ITransport Transport, NodeId Id) Make(
        string swarm = "test", Action<Hello>? change = null, bool listens = true)
    {
        var key = NodeKey.Create();
        Hello hello = TestIdentity.Hello(swarm);
        change?.Invoke(hello);
        ITransport transport = kind == "tcp"
            ? new TcpTransport(key, hello, listens ? new IPEndPoint(IPAddress.Loopback, 0) : null, TimeProvider.System)
            : _memory.Attach(key.Id, hello, listens ? new PeerAddress("10.0.0.1", _port++) : null);

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
}
