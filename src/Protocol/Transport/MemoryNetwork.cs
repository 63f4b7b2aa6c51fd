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
    private readonly Dictionary<(NodeId From, NodeId To), List<MemoryLink>> _links = [];
    private readonly Lock _gate = new();

    internal TimeProvider Time => time;

    internal IMemoryPaths Paths { get; } = paths ?? new InstantPaths();

    /// <summary>Gives a node its place in the network; without an address it only dials.</summary>
    public MemoryTransport Attach(NodeId self, Hello hello, PeerAddress? listen = null)
    {
        var transport = new MemoryTransport(this, self, hello, listen);

        if (listen is not null)
        {
            lock (_gate)
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
            links =
            [
                .. _links.Values.SelectMany(pair => pair)
                    .Where(link => around is not { } node || link.Local == node || link.Remote == node),
            ];
        }

        foreach (MemoryLink link in links)
        {
            link.PathChanged();
        }
    }

    /// <summary>Resets every link between two nodes, as a router that forgot them does.</summary>
    public void ResetLinks(NodeId one, NodeId other)
    {
        foreach (MemoryLink link in (MemoryLink[])[.. Links(one, other), .. Links(other, one)])
        {
            link.Break("The connection was reset.");
        }
    }

    internal bool TryFind(PeerAddress address, [NotNullWhen(true)] out MemoryTransport? transport)
    {
        lock (_gate)
        {
            return _listeners.TryGetValue((address.Host, address.Port), out transport);
        }
    }

    internal void Forget(MemoryTransport transport)
    {
        lock (_gate)
        {
            if (transport.Listen is { } listen
                && _listeners.TryGetValue((listen.Host, listen.Port), out MemoryTransport? current)
                && current == transport)
            {
                _ = _listeners.Remove((listen.Host, listen.Port));
            }
        }
    }

    internal void Add(MemoryLink link)
    {
        lock (_gate)
        {
            if (!_links.TryGetValue((link.Local, link.Remote), out List<MemoryLink>? links))
            {
                links = new List<MemoryLink>(1);
                _links.Add((link.Local, link.Remote), links);
            }

            links.Add(link);
        }
    }

    internal void Remove(MemoryLink link)
    {
        lock (_gate)
        {
            if (_links.TryGetValue((link.Local, link.Remote), out List<MemoryLink>? links)
                && links.Remove(link)
                && links.Count == 0)
            {
                _ = _links.Remove((link.Local, link.Remote));
            }
        }
    }

    private MemoryLink[] Links(NodeId from, NodeId to)
    {
        lock (_gate)
        {
            return _links.TryGetValue((from, to), out List<MemoryLink>? links) ? [.. links] : [];
        }
    }

    private sealed class InstantPaths : IMemoryPaths
    {
        public TimeSpan Delay(NodeId source, NodeId target, int bytes) => TimeSpan.Zero;

        public bool IsOpen(NodeId source, NodeId target) => true;

        public DialFate Dial(NodeId source, NodeId target) => DialFate.Answered;

        public bool IsLost(PeerAddress address) => false;
    }
}
