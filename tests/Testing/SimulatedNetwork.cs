using System.Globalization;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Testing;

/// <summary>
/// A network under the simulated clock, with seeded latencies and faults on demand. Nodes lie in a unit square; a
/// message takes a least time, the way between them, and a little chance.
/// </summary>
public sealed class SimulatedNetwork : IMemoryPaths
{
    private const int RecentMax = 40;

    private readonly SimulationLoop _loop;
    private readonly Random _random;
    private readonly Dictionary<NodeId, Place> _places = [];
    private readonly HashSet<(NodeId, NodeId)> _cuts = [];
    private readonly HashSet<(string, int)> _lost = [];
    private readonly Dictionary<string, int> _faults = [];
    private readonly Queue<string> _recent = new();
    private int _hosts;

    public SimulatedNetwork(SimulationLoop loop, SimulatedNetworkOptions? options = null)
    {
        _loop = loop;
        _random = new Random(loop.Random.Next());
        Options = options ?? new SimulatedNetworkOptions();
        Memory = new MemoryNetwork(loop.Clock, this) { HandsOver = Options.HandsOver };
    }

    /// <summary>The weather, which may change.</summary>
    public SimulatedNetworkOptions Options { get; set; }

    public MemoryNetwork Memory { get; }

    /// <summary>How often each kind of fault has struck: an injector that never strikes tests nothing.</summary>
    public IReadOnlyDictionary<string, int> Faults => _faults;

    /// <summary>What struck whom last, with the times; without what strikes messages and dials.</summary>
    public IReadOnlyCollection<string> Recent => _recent;

    public IEnumerable<NodeId> Nodes => _places.Keys;

    /// <summary>Gives a node an address of its own; one that does not listen can only dial.</summary>
    public MemoryTransport Attach(NodeId node, Hello hello, bool listens = true)
    {
        string host = Options.HostsPerNetwork == 0
            ? string.Create(CultureInfo.InvariantCulture, $"10.{_hosts >> 16}.{(_hosts >> 8) & 255}.{_hosts & 255}")
            : PublicHost(_hosts / Options.HostsPerNetwork, _hosts % Options.HostsPerNetwork);
        _hosts++;
        return Attach(node, hello, listens ? new PeerAddress(host, 7000) : null);
    }

    /// <summary>Gives a node this address; a node that was here before under the same id starts anew.</summary>
    public MemoryTransport Attach(NodeId node, Hello hello, PeerAddress? listen)
    {
        MemoryTransport transport = Memory.Attach(node, hello, listen);

        if (listen is not null)
        {
            _ = _lost.Remove((listen.Host, listen.Port));
        }

        var place = new Place(transport) { X = _random.NextDouble(), Y = _random.NextDouble() };
        (_places[node], transport.Place) = (place, place);
        return transport;
    }

    public PeerAddress AddressOf(NodeId node) => _places[node].Transport.Addresses[0];

    /// <summary>The process dies: its links are reset, and dials to it are refused.</summary>
    public void Kill(NodeId node)
    {
        Note("kill", node);
        _places[node].Transport.Kill();
    }

    /// <summary>The machine loses power: no reset, no refusal, silence.</summary>
    public void Vanish(NodeId node)
    {
        Note("vanish", node);
        Place place = _places[node];
        _lost.UnionWith(place.Transport.Addresses.Select(address => (address.Host, address.Port)));
        place.Transport.Kill(silently: true);
    }

    /// <summary>All traffic from and to the node is held, as if the process were stopped.</summary>
    public void Freeze(NodeId node) => Change("freeze", node, place => place.IsFrozen = true);

    /// <summary>What was held is delivered at once.</summary>
    public void Thaw(NodeId node) => Change("thaw", node, place => place.IsFrozen = false);

    /// <summary>Dials to the node get no answer, though it may dial others: a firewall.</summary>
    /// <param name="node">The node.</param>
    /// <param name="symmetric">Whether its router draws a new port for every connection, so that nobody meets it.</param>
    public void Hide(NodeId node, bool symmetric = true)
        => Change("hide", node, place => (place.Dials, place.IsSymmetric) = (DialFate.Unanswered, symmetric));

    /// <summary>Dials to the node are refused, though its links live on.</summary>
    public void Refuse(NodeId node) => Change("refuse", node, place => place.Dials = DialFate.Refused);

    /// <summary>The node can be dialled again.</summary>
    public void Open(NodeId node) => Change("open", node, place => place.Dials = DialFate.Answered);

    /// <summary>Every computation and message of the node takes this much longer on its way.</summary>
    public void Slow(NodeId node, TimeSpan more) => Change("slow", node, place => place.Slowness = more);

    /// <summary>Nothing passes between these nodes and the others until <see cref="Heal"/>.</summary>
    public void Partition(IEnumerable<NodeId> apart)
    {
        Note("partition");

        foreach (NodeId node in apart)
        {
            _places[node].Side = 1;
        }

        Memory.PathsChanged();
    }

    /// <summary>Nothing passes from one node to another, though the way back is open.</summary>
    public void Cut(NodeId from, NodeId to)
    {
        Note("cut", from, to);
        _ = _cuts.Add((from, to));
        Memory.PathsChanged(from);
    }

    /// <summary>Ends every partition and cut; frozen and dead nodes stay so.</summary>
    public void Heal()
    {
        Note("heal");
        _cuts.Clear();

        foreach (Place place in _places.Values)
        {
            place.Side = 0;
        }

        Memory.PathsChanged();
    }

    /// <summary>The links between two nodes are reset; both may dial again at once.</summary>
    public void ResetLinks(NodeId one, NodeId other)
    {
        Note("reset", one, other);
        Memory.ResetLinks(one, other);
    }

    /// <summary>The least round trip between two nodes: what their links measure without chance.</summary>
    public TimeSpan RoundTrip(NodeId one, NodeId other) => 2 * Way(_places[one], _places[other]);

    /// <summary>Whether messages pass both ways between two nodes now.</summary>
    public bool IsOpenBetween(NodeId one, NodeId other)
    {
        (Place from, Place to) = (_places[one], _places[other]);
        return from.Side == to.Side && !from.IsFrozen && !to.IsFrozen
            && !_cuts.Contains((one, other)) && !_cuts.Contains((other, one));
    }

    TimeSpan IMemoryPaths.Delay(MemoryTransport source, MemoryTransport target, int bytes)
    {
        (Place from, Place to) = (PlaceOf(source), PlaceOf(target));
        TimeSpan delay = Way(from, to) + from.Slowness + to.Slowness;

        if (Options.JitterMean > TimeSpan.Zero)
        {
            delay += Options.JitterMean * -Math.Log(1 - _random.NextDouble());
        }

        if (Options.StallRate > 0 && _random.NextDouble() < Options.StallRate)
        {
            Count("stall");
            delay += Options.StallMin + ((Options.StallMax - Options.StallMin) * _random.NextDouble());
        }

        if (Options.BytesPerSecond > 0)
        {
            delay += TimeSpan.FromSeconds(bytes / Options.BytesPerSecond);
        }

        return delay;
    }

    bool IMemoryPaths.IsOpen(MemoryTransport source, MemoryTransport target)
    {
        (Place from, Place to) = (PlaceOf(source), PlaceOf(target));

        return from.Side == to.Side
            && !from.IsFrozen
            && !to.IsFrozen
            && (_cuts.Count == 0 || !_cuts.Contains((source.Self, target.Self)));
    }

    DialFate IMemoryPaths.Dial(MemoryTransport source, MemoryTransport target)
    {
        if (Options.DialFailureRate > 0 && _random.NextDouble() < Options.DialFailureRate)
        {
            Count("dial");
            return _random.Next(2) == 0 ? DialFate.Refused : DialFate.Unanswered;
        }

        return PlaceOf(target).Dials;
    }

    bool IMemoryPaths.CanPunch(MemoryTransport source, MemoryTransport target)
        => !PlaceOf(source).IsSymmetric && !PlaceOf(target).IsSymmetric;

    bool IMemoryPaths.IsLost(PeerAddress address)
        => _lost.Contains((address.Host, address.Port));

    private static Place PlaceOf(MemoryTransport transport) => (Place)transport.Place!;

    private TimeSpan Way(Place from, Place to)
        => Options.WayMin + (Options.WaySpread * Math.Sqrt(Square(from.X - to.X) + Square(from.Y - to.Y)));

    private void Change(string fault, NodeId node, Action<Place> change)
    {
        Note(fault, node);
        change(_places[node]);
        Memory.PathsChanged(node);
    }

    /// <summary>Counts a fault, also one that somebody else has made, and keeps the latest in mind.</summary>
    public void Note(string fault, params ReadOnlySpan<NodeId> nodes)
    {
        Count(fault);
        _recent.Enqueue($"{_loop.Clock.GetUtcNow():mm:ss.fff} {fault} {string.Join(' ', nodes.ToArray())}");

        if (_recent.Count > RecentMax)
        {
            _ = _recent.Dequeue();
        }
    }

    private void Count(string fault) => _faults[fault] = _faults.GetValueOrDefault(fault) + 1;

    private static string PublicHost(int network, int host)
        => string.Create(CultureInfo.InvariantCulture, $"{20 + (network >> 16)}.{(network >> 8) & 255}.{network & 255}.{host + 1}");

    private static double Square(double value) => value * value;

    private sealed class Place(MemoryTransport transport)
    {
        public MemoryTransport Transport { get; } = transport;

        public double X { get; init; }

        public double Y { get; init; }

        public int Side { get; set; }

        public bool IsFrozen { get; set; }

        public DialFate Dials { get; set; }

        public bool IsSymmetric { get; set; }

        public TimeSpan Slowness { get; set; }
    }
}
