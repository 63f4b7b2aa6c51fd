using System.Security.Cryptography;
using System.Text;
using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Dht.Routing;
using Swarm.Inference.Model;
using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Testing;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulator;

/// <summary>
/// A small swarm in a storm that its seed draws, and the calm after it: what must never happen is checked all the time,
/// what must become true at the end.
/// </summary>
public sealed partial class Storm
{
    private const int Rounds = 6;
    private const int Blocks = 16;
    private const double RoundSeconds = 20;

    // Two clocks that agree within this trust each other's records.
    private static readonly TimeSpan TolerableAhead = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);
    private static readonly byte[] Tombstone = [0];

    private readonly SimulationLoop _loop;
    private readonly StormWeather _weather;
    private readonly DhtSwarm _swarm;
    private readonly Holdings _holdings;
    private readonly IncrementalHash _trace;
    private readonly HashSet<string> _met = [];
    private readonly List<Word> _words = [];
    private readonly List<DhtMember> _dead = [];
    private readonly Dictionary<NodeId, TimeSpan> _jumped = [];
    private readonly HashSet<NodeId> _frozen = [];
    private readonly HashSet<NodeId> _closed = [];
    private readonly HashSet<NodeId> _slow = [];
    private bool _halved;

    private Storm(SimulationLoop loop, IncrementalHash trace)
    {
        (_loop, _trace) = (loop, trace);
        _weather = new StormWeather(loop);
        _swarm = new DhtSwarm(loop, _weather.Dht, _weather.Network) { Clocks = _ => _weather.NewClock(loop) };
        _holdings = new Holdings(_swarm, Blocks, Lease);
    }

    /// <summary>Every fault there is.</summary>
    public static IReadOnlyList<string> Faults { get; } =
    [
        "kill", "vanish", "revive", "freeze", "thaw", "hide", "refuse", "open", "slow", "cut", "partition", "isolate",
        "heal", "reset", "clock jump", "stall", "dial", "narrow path", "shared network", "clocks differ",
        "clock beyond tolerance", "client", "withdraw",
    ];

    /// <summary>Every way back.</summary>
    public static IReadOnlyList<string> Recoveries { get; } =
    [
        "dead contact dropped", "failed query survived", "record outlived a holder", "record renewed past its lease",
        "newcomer joined", "record handed to a newcomer", "returned under its name", "halves merged",
        "frozen node came back", "record of a hidden node read", "read over a one-way cut", "tombstone read",
        "record read across clocks", "record of a wrong clock refused", "clock set right and read again",
        "client's record read", "route around the dead",
    ];

    /// <summary>Tells the story of one seed.</summary>
    /// <exception cref="InvariantException">Something did not hold.</exception>
    public static StormOutcome Run(int seed)
    {
        var loop = new SimulationLoop(seed);
        using var trace = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var storm = new Storm(loop, trace);
        using var invariants = DhtInvariants.Watch(storm._swarm, "case seeds,");
        loop.Run(storm.PlayAsync);
        return new StormOutcome(
            Convert.ToHexString(trace.GetHashAndReset()), storm._met, invariants.Checks);
    }

    private async Task PlayAsync()
    {
        _swarm.Populate(_weather.Nodes);

        for (int i = 0; i < _weather.Clients; i++)
        {
            Meet("client", (await _swarm.JoinAsync(server: false)).Dht.IsReady);
        }

        await AnnounceAsync();
        Meet("narrow path", _weather.Network.BytesPerSecond > 0);
        Meet("shared network", _weather.Network.HostsPerNetwork > 0);
        Meet("clocks differ", _swarm.Members.Any(member => Ahead(member) != TimeSpan.Zero));
        Meet("clock beyond tolerance", !_swarm.Members.All(IsSound));

        for (int round = 0; round < Rounds; round++)
        {
            await PlayRoundAsync();
        }

        await CalmDownAsync();
        await CheckCalmAsync();
        _met.UnionWith(_swarm.Network.Faults.Keys);
        Meet("failed query survived", _swarm.Members.Any(member => member.Dht.Status.QueriesFailed > 0));
        Meet("dead contact dropped", _dead.Count > 0);
        NoteTables();
    }

    private async Task AnnounceAsync()
    {
        // Every block is held twice at least, so that one death leaves a route.
        DhtMember[] holders = [.. _swarm.Servers.Where(IsSound).Take(6)];

        for (int i = 0; i < holders.Length; i++)
        {
            int first = i % 2 * (Blocks / 2);
            await _holdings.AnnounceAsync(holders[i], new BlockRange(first, first + (Blocks / 2)));
        }
    }

    private async Task PlayRoundAsync()
    {
        DhtMember publisher = _swarm.Pick();
        NodeId key = _swarm.PickPoint();
        Publication publication = await publisher.Dht.PublishAsync(
            key, new byte[] { 1 }, Lease, CancellationToken.None);
        _words.Add(new Word(publisher, key, publication) { Said = _loop.Clock.GetTimestamp() });
        Meet("record of a wrong clock refused", Ahead(publisher) > 2 * TolerableAhead && publication.Holders <= 1);
        DhtMember[] holders = [.. _swarm.Members.Where(member => member.Dht.Store.Keys.Contains(key))];
        var struck = new List<DhtMember>();

        for (int i = _loop.Random.Next(2); i >= 0; i--)
        {
            if (await StrikeAsync() is { } one)
            {
                struck.Add(one);
            }
        }

        await _swarm.WaitAsync(RoundSeconds);
        DhtMember reader = _swarm.Pick();
        IReadOnlyList<FoundRecord> found = await DhtSwarm.ReadAsync(reader, key);
        Note($"read {string.Join(' ', found.Select(record => (record.Signer, record.Sequence)))}");
        Meet("record outlived a holder", found.Count > 0 && struck.Exists(one => !one.IsAlive && holders.Contains(one)));
        Meet("client's record read", found.Count > 0 && !publisher.IsServer && reader != publisher);
        await PlanAsync(reader);

        if (_loop.Random.Next(3) > 0)
        {
            Mend();
        }

        if (_dead.Count > 0 && _loop.Random.Next(2) == 0)
        {
            DhtMember newcomer = await _swarm.JoinAsync();
            Meet("newcomer joined", newcomer.Dht.IsReady);
            await _swarm.WaitAsync(5);
            Meet("record handed to a newcomer", _words.Exists(word => newcomer.Dht.Store.Keys.Contains(word.Key)));
        }
    }

    private async Task PlanAsync(DhtMember reader)
    {
        Route? route = _holdings.Plan(await _holdings.DirectoryOf(reader).ReadAsync(CancellationToken.None));
        string? fault = route is null ? null : _holdings.Fault(route);
        Demand(fault is null, $"{reader.Id} planned a route that leads nowhere: {fault}");
        Note($"route {route}");
        Meet(
            "route around the dead",
            route is not null
                && _dead.Exists(dead => _holdings.BlocksOf(dead.Id) is not null && route.IndexOf(dead.Id) < 0));
    }

    private void NoteTables()
    {
        foreach (DhtMember member in _swarm.Members)
        {
            Note($"{member.Id} {member.Dht.Status}");

            // When each contact last answered, and how fast, depends on every message there ever was.
            foreach (BucketEntry entry in member.Dht.Table.Buckets.SelectMany(bucket => bucket.Value.Entries))
            {
                Note($"{entry.Contact.Id} {entry.VerifiedAt.Ticks} {entry.RoundTrip.Ticks}");
            }
        }
    }

    private void Note(string what)
        => _trace.AppendData(Encoding.UTF8.GetBytes($"{_loop.Clock.GetTimestamp()} {what}\n"));

    private void Meet(string path, bool isMet)
    {
        if (isMet)
        {
            _ = _met.Add(path);
        }
    }

    private void Demand(bool holds, string breach)
    {
        if (!holds)
        {
            throw new InvariantException(
                $"{breach}, {_loop.Clock.GetUtcNow():mm:ss.fff} after the start; case seeds, seed {_loop.Seed}. Before it:\n"
                    + string.Join('\n', _swarm.Network.Recent));
        }
    }

    private static TimeSpan Ahead(DhtMember member) => ((SkewedClock)member.Clock).Ahead;

    private static bool IsSound(DhtMember member) => Ahead(member).Duration() <= TolerableAhead;

    /// <summary>What somebody has said under a key.</summary>
    private sealed record Word(DhtMember Publisher, NodeId Key, Publication Publication)
    {
        public long Said { get; init; }

        public bool IsWithdrawn { get; set; }
    }
}
