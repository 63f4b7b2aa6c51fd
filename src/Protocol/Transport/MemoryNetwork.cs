using System.Diagnostics.CodeAnalysis;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

/// <summary>A network inside one process: who listens where, and which links exist.</summary>
/// <param name="time">The clock of every delay.</param>
/// <param name="paths">What lies between the nodes; null for instant delivery.</param>
public sealed class MemoryNetwork(TimeProvider time, IMemoryPaths? paths = null)
{
    private readonly Dictionary<(string Host, int Port), MemoryTransport> _listeners = [];
    private readonly Dictionary<NodeId, MemoryTransport> _nodes = [];
    private readonly Dictionary<(NodeId, NodeId), TaskCompletionSource<(MemoryLink, MemoryLink)>> _meetings = [];
    private readonly Lock _gate = new();
    private long _bytes;

    /// <summary>
    /// Whether messages are handed over as they are, instead of as copies: for nodes that change no message once it is
    /// sent or received. No node then hears where it is seen from.
    /// </summary>
    public bool HandsOver { get; init; }

    /// <summary>What was sent so far, in bytes on the wire without TLS.</summary>
    public long BytesSent => Interlocked.Read(ref _bytes);

    internal TimeProvider Time => time;

    internal IMemoryPaths Paths { get; } = paths ?? new InstantPaths();

    /// <summary>Gives a node its place in the network; without an address it only dials.</summary>
    public MemoryTransport Attach(NodeId self, Hello hello, PeerAddress? listen = null)
    {
        var transport = new MemoryTransport(this, self, hello, listen);

        lock (_gate)
        {
            _nodes[self] = transport;

            if (listen is not null)
            {
                _listeners[(listen.Host, listen.Port)] = transport;
            }
        }

        return transport;
    }

    /// <summary>Tells every link, or every link of one node, that paths have opened or closed.</summary>
    public void PathsChanged(NodeId? around = null)
    {
        MemoryLink[] links;

        lock (_gate)
        {
            links = around is { } node
                ? [.. LinksOf(node).SelectMany(link => (MemoryLink[])[link, link.Peer])]
                : [.. _nodes.Values.SelectMany(transport => transport.Links)];
        }

        foreach (MemoryLink link in links)
        {
            link.PathChanged();
        }
    }

    /// <summary>Resets every link between two nodes, as a router that forgot them does.</summary>
    public void ResetLinks(NodeId one, NodeId other)
    {
        MemoryLink[] links;

        lock (_gate)
        {
            links = [.. LinksOf(one).Where(link => link.Remote == other)];
        }

        foreach (MemoryLink link in links)
        {
            link.Break("The connection was reset.", isLost: true);
            link.Peer.Break("The connection was reset.", isLost: true);
        }
    }

    internal void Count(int bytes) => Interlocked.Add(ref _bytes, bytes);

    internal bool TryFind(PeerAddress address, [NotNullWhen(true)] out MemoryTransport? transport)
    {
        lock (_gate)
        {
            return _listeners.TryGetValue((address.Host, address.Port), out transport);
        }
    }

    /// <summary>
    /// True for the second of two nodes that dial each other, which takes the first one's meeting for its own.
    /// </summary>
    internal bool TryMeet(
        NodeId one, NodeId other, ref TaskCompletionSource<(MemoryLink Leader, MemoryLink Follower)> meeting)
    {
        lock (_gate)
        {
            if (_meetings.TryGetValue((other, one), out TaskCompletionSource<(MemoryLink, MemoryLink)>? waiting))
            {
                meeting = waiting;
                return true;
            }

            _meetings[(one, other)] = meeting;
            return false;
        }
    }

    internal void Unmeet(
        NodeId one, NodeId other, TaskCompletionSource<(MemoryLink Leader, MemoryLink Follower)> meeting)
    {
        lock (_gate)
        {
            if (_meetings.TryGetValue((one, other), out TaskCompletionSource<(MemoryLink, MemoryLink)>? mine)
                && mine == meeting)
            {
                _ = _meetings.Remove((one, other));
            }
        }
    }

    internal void Forget(MemoryTransport transport)
    {
        lock (_gate)
        {
            if (_nodes.TryGetValue(transport.Self, out MemoryTransport? latest) && latest == transport)
            {
                _ = _nodes.Remove(transport.Self);
            }

            if (transport.Listen is { } listen
                && _listeners.TryGetValue((listen.Host, listen.Port), out MemoryTransport? current)
                && current == transport)
            {
                _ = _listeners.Remove((listen.Host, listen.Port));
            }
        }
    }

    private MemoryLink[] LinksOf(NodeId node)
        => _nodes.TryGetValue(node, out MemoryTransport? transport) ? transport.Links : [];

    private sealed class InstantPaths : IMemoryPaths
    {
        public TimeSpan Delay(MemoryTransport source, MemoryTransport target, int bytes) => TimeSpan.Zero;

        public bool IsOpen(MemoryTransport source, MemoryTransport target) => true;

        public DialFate Dial(MemoryTransport source, MemoryTransport target) => DialFate.Answered;

        public bool IsLost(PeerAddress address) => false;
    }
}
