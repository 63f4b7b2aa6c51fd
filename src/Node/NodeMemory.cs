using Swarm.Dht;

namespace Swarm.Node;

/// <summary>Writes down whom a running node knows, now and then and at its end.</summary>
internal sealed class NodeMemory : IDisposable
{
    // A node that is killed remembers whom it knew a minute ago; most of them are still there.
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    private readonly RememberedNodes _nodes;
    private readonly DhtNode _dht;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();

    public NodeMemory(RememberedNodes nodes, DhtNode dht, TimeProvider time)
    {
        _nodes = nodes;
        _dht = dht;
        _timer = time.CreateTimer(static memory => ((NodeMemory)memory!).Save(), this, First, Interval);
    }

    public void Dispose()
    {
        _timer.Dispose();
        Save();
    }

    private void Save()
    {
        lock (_gate)
        {
            _nodes.Save(_dht.Known(RememberedNodes.NodesMax));
        }
    }
}
