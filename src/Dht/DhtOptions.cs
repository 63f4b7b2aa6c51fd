using Swarm.Dht.Routing;

namespace Swarm.Dht;

/// <summary>
/// How a <see cref="DhtNode"/> keeps its table and finds things. The defaults fit 10 to 10,000 nodes.
/// </summary>
public sealed record DhtOptions
{
    /// <summary>How lookups run: k = 20, α = 5.</summary>
    public LookupOptions Lookup { get; init; } = new();

    /// <summary>
    /// How a bucket is refreshed: a lookup that ends with fewer nodes costs half as much and meets as many strangers.
    /// </summary>
    public LookupOptions Survey { get; init; } = new() { Width = 6 };

    /// <summary>The same for a newcomer, to whom three of each region are a beginning.</summary>
    public LookupOptions FirstSurvey { get; init; } = new() { Width = 3, Parallelism = 3 };

    /// <summary>
    /// How records are read: three of ten holders suffice, and asked all at once, as soon as they are known, the three
    /// fastest answer first. Of twelve that are asked for them at once some know most of them.
    /// </summary>
    public LookupOptions Retrieval { get; init; } = new() { Parallelism = 12, Overtakes = true };

    /// <summary>
    /// Searches that share no node, where a liar could do most harm: when joining, for the first holders of a record,
    /// and where nothing was found. Four find what eight do, at 3.2 times the messages of one.
    /// </summary>
    public int DisjointPaths { get; init => field = Positive(value); } = 4;

    /// <summary>
    /// Contacts per bucket: the k of the Kademlia paper, as large as that of a lookup, so that one node can answer with
    /// a full set.
    /// </summary>
    public int BucketSize { get; init => field = Positive(value); } = 20;

    /// <summary>
    /// Nodes that hold a record. With leases of 120 s at a half-life of 10 min, three lost no read in nine thousand;
    /// eight leave room for strangers that lie, and of ten the third fastest answers a reader 20 ms sooner.
    /// </summary>
    public int Replicas { get; init => field = Positive(value); } = 10;

    /// <summary>
    /// Holders whose records a reader unites: one honest among three suffices, for records prove themselves.
    /// </summary>
    public int HoldersRead { get; init => field = Positive(value); } = 3;

    /// <summary>
    /// How long a query may take before the node counts as failed. Well above the soft timeouts, which only free a
    /// slot.
    /// </summary>
    public TimeSpan QueryTimeout { get; init => field = Positive(value); } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The greatest soft timeout of a node never measured: a cold link costs three round trips before the first answer,
    /// and six of those usual to others are enough.
    /// </summary>
    public TimeSpan ColdPatience { get; init => field = Positive(value); } = TimeSpan.FromMilliseconds(900);

    /// <summary>The soft timeout when a link is open that was not measured, and the least without one.</summary>
    public TimeSpan WarmPatience { get; init => field = Positive(value); } = TimeSpan.FromMilliseconds(400);

    /// <summary>
    /// The least soft timeout of a measured node, whose own is four times its usual round trip, six times when it must
    /// be dialled first.
    /// </summary>
    public TimeSpan PatienceMin { get; init => field = Positive(value); } = TimeSpan.FromMilliseconds(150);

    /// <summary>The greatest soft timeout of a measured node.</summary>
    public TimeSpan PatienceMax { get; init => field = Positive(value); } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a bootstrap address may take: it is tried once, on devices that may be busy starting.
    /// </summary>
    public TimeSpan BootstrapTimeout { get; init => field = Positive(value); } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Only contacts that answered this recently are named to others: the dead must not be passed around.
    /// </summary>
    public TimeSpan RelayWindow { get; init => field = Positive(value); } = TimeSpan.FromMinutes(3);

    /// <summary>
    /// How often it is looked whether the stalest contacts are there, first those whose link was lost.
    /// </summary>
    public TimeSpan RevalidateInterval { get; init => field = Positive(value); } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How many of the stalest contacts are looked for each time, where none was gone the time before: links tell most
    /// of the dead.
    /// </summary>
    public int RevalidateCount { get; init => field = Positive(value); } = 2;

    /// <summary>
    /// How often the bucket longest unvisited is looked up; every second time it is the node's own neighbourhood.
    /// </summary>
    public TimeSpan RefreshInterval { get; init => field = Positive(value); } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The least time between two checks of peers that contacted us. A schedule of our own: inbound traffic cannot make
    /// this node ping faster.
    /// </summary>
    public TimeSpan CheckInterval { get; init => field = Positive(value); } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// How often one of those that were lost is tried: so long after what parted a swarm is gone, each node has met the
    /// other half. A dial that fails is all it costs.
    /// </summary>
    public TimeSpan SeekInterval { get; init => field = Positive(value); } = TimeSpan.FromSeconds(15);

    /// <summary>How often a node that knows nobody tries its bootstrap addresses again.</summary>
    public TimeSpan BootstrapInterval { get; init => field = Positive(value); } = TimeSpan.FromSeconds(5);

    private static int Positive(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
        return value;
    }

    private static TimeSpan Positive(TimeSpan value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(value, TimeSpan.Zero);
        return value;
    }
}
