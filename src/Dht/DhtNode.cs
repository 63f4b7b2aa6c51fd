using System.Threading.Channels;
using Swarm.Dht.Records;
using Swarm.Dht.Routing;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Dht;

/// <summary>
/// A node's part in the swarm's common memory, a Kademlia DHT: it finds nodes and records, keeps its own records
/// published, and, when it can be dialled, answers others and holds records for them.
/// </summary>
/// <remarks>
/// The table, the store and the lookups are plain structures without clock or socket; this class binds them to the
/// links. One short lock guards them and is never held over a wait. Every wait has a deadline.
/// </remarks>
public sealed partial class DhtNode : IDisposable
{
    private readonly NodeKey _key;
    private readonly LinkPool _links;
    private volatile bool _server;
    private readonly DhtOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly long _startedAt;
    private readonly CancellationTokenSource _stop = new();

    private readonly Lock _gate = new();
    private readonly RoutingTable _table;
    private readonly RecordStore _store;
    private readonly LookupOptions _placement;
    private readonly LookupOptions _placementApart;
    private readonly LookupOptions _neighboursApart;
    private readonly Dictionary<NodeId, Publication> _publications = [];
    private readonly Dictionary<PeerAddress, NodeId?> _bootstraps = [];
    private readonly HashSet<NodeId> _awaitingCheck = [];
    private readonly Channel<Contact> _checks = Channel.CreateBounded<Contact>(DhtLimits.UncheckedMax);
    private readonly RateLimit _storeRate = new(
        DhtLimits.StoresPerSecondMax, DhtLimits.StoresBurstMax, DhtLimits.RatedPeersMax);

    private readonly RateBudget _checkRate = new(DhtLimits.ChecksPerSecondMax, DhtLimits.ChecksPerSecondMax);

    private ulong _sequence;
    private TimeSpan _usualRoundTrip;
    private readonly DhtTraffic[] _traffic = new DhtTraffic[Enum.GetValues<DhtPurpose>().Length];
    private long _queriesFailed;
    private volatile bool _isReady;
    private volatile bool _isJoining;

    /// <summary>Makes a node and lets it answer on <paramref name="links"/>; nothing is sent yet.</summary>
    /// <param name="key">Signs this node's records.</param>
    /// <param name="links">The node's links, whose accept loop must not run yet.</param>
    /// <param name="server">Whether others can dial this node, at first; see <see cref="IsServer"/>.</param>
    /// <param name="options">Numbers, each with a default that has a reason.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">For jitter and for refreshing; used by this node alone.</param>
    public DhtNode(NodeKey key, LinkPool links, bool server, DhtOptions options, TimeProvider time, Random random)
    {
        _key = key;
        _links = links;
        _server = server;
        _options = options;
        _time = time;
        _random = random;
        _startedAt = time.GetTimestamp();
        _table = new RoutingTable(key.Id, options);
        _store = new RecordStore(key.Id, key.Check);

        // As many as hold a record: whoever is found has answered a moment ago.
        _placement = options.Lookup with { Width = Math.Min(options.Lookup.Width, options.Replicas) };

        // Along paths that share no node: as many as hold a record, or as many as any search finds, all of them
        // together.
        _placementApart = Apart(options, options.Replicas) with { Parallelism = PathParallelism };
        _neighboursApart = Apart(options, options.Lookup.Width);

        // Above everything this key signed before a restart, as long as it signs less than a thousand times a second.
        _sequence = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds();

        links.Handle(Envelope.BodyOneofCase.Find, AnswerFindAsync);
        links.Handle(Envelope.BodyOneofCase.Store, AnswerStoreAsync);
        links.HelloRenewed += OnHelloRenewed;
        links.LinkLost += OnLinkLost;
    }

    // Queries in flight along one of several paths: together they are more than a usual search has.
    private const int PathParallelism = 2;

    private static LookupOptions Apart(DhtOptions options, int together)
        => options.Lookup with
        {
            Width = Math.Min(options.Lookup.Width, (together + options.DisjointPaths - 1) / options.DisjointPaths),
        };

    /// <summary>This node's name.</summary>
    public NodeId Id => _key.Id;

    /// <summary>
    /// Whether this node has found its place: its neighbours are known, or it was told to be the first.
    /// </summary>
    public bool IsReady
    {
        get => _isReady;
        internal set => _isReady = value;
    }

    /// <summary>
    /// Whether others can dial this node: only then does it answer them and hold records for them. A client lets go of
    /// what it held.
    /// </summary>
    public bool IsServer
    {
        get => _server;
        set
        {
            lock (_gate)
            {
                _server = value;

                if (!value)
                {
                    _store.Clear();
                }
            }
        }
    }

    /// <summary>What it knows and holds now.</summary>
    public DhtStatus Status
    {
        get
        {
            lock (_gate)
            {
                return new DhtStatus(
                    _isReady,
                    _table.Count,
                    _store.Keys.Count,
                    _store.Count,
                    _publications.Count,
                    _traffic.Sum(traffic => traffic.Requests),
                    _queriesFailed);
            }
        }
    }

    /// <summary>What it has sent for this purpose since the start.</summary>
    public DhtTraffic TrafficFor(DhtPurpose purpose)
    {
        lock (_gate)
        {
            return _traffic[(int)purpose];
        }
    }

    /// <summary>
    /// For the invariants that simulations check; not to be touched while the node runs on other threads.
    /// </summary>
    internal RoutingTable Table => _table;

    /// <summary>As <see cref="Table"/>.</summary>
    internal RecordStore Store => _store;

    private TimeSpan Elapsed => _time.GetElapsedTime(_startedAt);

    /// <summary>This moment by its own clocks.</summary>
    internal Moment Now => new(Elapsed, _time.GetUtcNow());

    /// <summary>Whether a node is in the routing table.</summary>
    public bool Knows(NodeId node)
    {
        lock (_gate)
        {
            return _table.Contains(node);
        }
    }

    /// <summary>Nodes that were heard of lately, those nearest to this one first.</summary>
    public IReadOnlyList<Contact> Known(int most)
    {
        lock (_gate)
        {
            return _table.NearestFresh(Id, most, Elapsed);
        }
    }

    /// <summary>Ends every wait of this node; its records die with their leases.</summary>
    public void Dispose() => _stop.Cancel();

    /// <summary>The nodes closest to a point that answer, nearest first, without this node.</summary>
    public async Task<IReadOnlyList<Contact>> FindNodesAsync(NodeId target, CancellationToken cancel)
        => (await LookUpAsync(target, reading: null, cancel)).Closest;

    /// <summary>
    /// Everything valid that is known under a key, this node's own record included: the newest of each signer, in the
    /// order of their names.
    /// </summary>
    public async Task<IReadOnlyList<FoundRecord>> FindRecordsAsync(NodeId key, CancellationToken cancel)
    {
        var reading = new Reading(key, _key.Check);

        lock (_gate)
        {
            Moment now = Now;
            bool held = false;

            foreach (SignedRecord record in _store.Page(key, after: null, int.MaxValue, now, out _))
            {
                held = true;
                reading.AddVerified(record, now.Utc);
            }

            if (_publications.TryGetValue(key, out Publication? own) && own.Record is { } latest)
            {
                reading.AddVerified(latest, now.Utc);
            }

            reading.Holders = held ? 1 : 0;
        }

        _ = await LookUpAsync(key, reading, cancel);

        // Nothing there, or somebody hides it.
        if (reading.Holders == 0)
        {
            _ = await LookUpApartAsync(key, reading, cancel);
        }

        RaiseSequence(reading);
        return reading.Newest();
    }
}
