using System.Net;
using Microsoft.Extensions.Logging;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>Nodes on loopback that share a keyring, or not.</summary>
internal sealed class PrivateSwarm(TimeProvider? time = null, ILogger? log = null) : IAsyncDisposable
{
    private readonly List<TcpTransport> _nodes = [];
    private readonly List<NodeKey> _keys = [];

    public SwarmKeyring Keyring { get; } = SwarmKeyring.Create();

    /// <summary>A node with the swarm's own keyring.</summary>
    public TcpTransport Add(bool listens = true) => Add(listens, Keyring);

    /// <summary>A node that listens, with another keyring; null in a public swarm.</summary>
    public TcpTransport Add(SwarmKeyring? keyring) => Add(listens: true, keyring);

    public TcpTransport Add(bool listens, SwarmKeyring? keyring)
    {
        var key = NodeKey.Create();
        IPEndPoint? listen = listens ? new IPEndPoint(IPAddress.Loopback, 0) : null;
        var node = new TcpTransport(
            key, TestIdentity.Hello("test"), listen, time ?? TimeProvider.System, log, keyring);
        _keys.Add(key);
        _nodes.Add(node);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TcpTransport node in _nodes)
        {
            await node.DisposeAsync();
        }

        _keys.ForEach(key => key.Dispose());
        Keyring.Dispose();
    }
}
