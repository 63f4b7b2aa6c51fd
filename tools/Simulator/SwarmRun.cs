using Swarm.Dht;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Testing;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulator;

/// <summary>A swarm under observation: churn goes on, and what lookups and retrievals find is held against the truth.</summary>
public sealed class SwarmRun
{
    private const int Width = 20;
    private const int HoldersWanted = 3;

    // Of two points drawn at random in a unit square.
    private const double MeanDistance = 0.5214;

    private readonly SimulatorOptions _options;
    private readonly Shelf? _shelf;
    private readonly Random _random;
    private bool _ended;

    public SwarmRun(SimulationLoop loop, SimulatorOptions options, Func<int, TimeProvider>? clocks = null)
    {
        _options = options;
        _random = new Random(loop.Random.Next());
        var network = new SimulatedNetworkOptions { StallRate = options.Loss };
        TimeSpan way = TimeSpan.FromMilliseconds(options.RoundTripMs / 2) - network.WayMin - network.JitterMean;
        network = network with { WaySpread = way / MeanDistance };
        Swarm = new DhtSwarm(loop, new DhtOptions(), network) { Clocks = clocks };
        _shelf = options.Publish ? new Shelf(Swarm, _random) : null;
    }

    public DhtSwarm Swarm { get; }

    /// <summary>How many nodes have died and come.</summary>
    public int Replaced { get; private set; }

    private TimeProvider Clock => Swarm.Loop.Clock;

    /// <summary>Puts all nodes in place at once, and starts what they do all the time.</summary>
    public async Task BeginAsync()
    {
        if (_shelf is not null)
        {
            // Nothing happens yet: there must be a time from which the first records are.
            await Swarm.WaitAsync(Shelf.Lease.TotalSeconds);
        }

        Swarm.Populate(_options.Nodes);
        _shelf?.Stock();

        if (_options.HalfLife > 0)
        {
            _ = ChurnAsync();
        }
    }

    /// <summary>No more nodes come or go.</summary>
    public void End() => _ended = true;

    /// <summary>Watches for some minutes, in which lookups and retrievals begin at even intervals.</summary>
    public async Task<Figures> WatchAsync(double minutes, int lookups, int retrievals)
    {
        var figures = new Figures();
        DhtTraffic[] before = Traffic();
        long sent = Swarm.Network.Memory.BytesSent;
        int steps = Math.Max(1, Math.Max(lookups, retrievals));
        var probes = new List<Task>();
        long begun = Clock.GetTimestamp();

        for (int step = 0; step < steps; step++)
        {
            if (step < lookups)
            {
                probes.Add(LookUpAsync(figures));
            }

            if (step < retrievals && _shelf is not null)
            {
                probes.Add(RetrieveAsync(figures));
            }

            // Timers count whole milliseconds: the end is held, not each step.
            double due = 60 * minutes * (step + 1) / steps;
            await Swarm.WaitAsync(Math.Max(0, due - Clock.GetElapsedTime(begun).TotalSeconds));
            _ = probes.RemoveAll(probe => probe.IsCompletedSuccessfully);
        }

        await Task.WhenAll(probes);
        double nodeMinutes = Swarm.Members.Count * minutes;
        DhtTraffic[] after = Traffic();

        foreach (DhtPurpose purpose in Enum.GetValues<DhtPurpose>())
        {
            int i = (int)purpose;
            figures.Requests[i] = (after[i].Requests - before[i].Requests) / nodeMinutes;
            figures.Kib[i] = (after[i].Bytes - before[i].Bytes) / 1024.0 / nodeMinutes;
        }

        figures.KibSent = (Swarm.Network.Memory.BytesSent - sent) / 1024.0 / nodeMinutes;
        figures.Stale = Swarm.StaleShare();
        return figures;
    }

    /// <summary>One lookup from a node drawn at random for a point drawn at random, held against the truth.</summary>
    public async Task LookUpAsync(Figures figures)
    {
        DhtMember asker = Swarm.Pick();
        NodeId target = Swarm.PickPoint();
        long begun = Clock.GetTimestamp();

        if (asker.ReadySince >= begun)
        {
            // Who has not joined yet knows nobody to ask.
            return;
        }

        DhtNode.LookupOutcome outcome;

        try
        {
            outcome = await asker.Dht.LookUpAsync(target, reading: null, CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            // It died while it asked.
            return;
        }

        figures.LookupMs.Add(Clock.GetElapsedTime(begun).TotalMilliseconds);
        figures.Hops.Add(outcome.Hops);
        figures.Messages.Add(outcome.Queries);

        // Only who was there all the time could have been found; who answered keeps its rank.
        HashSet<NodeId> found = [.. outcome.Closest.Select(contact => contact.Id)];
        NodeId[] nearest = Swarm.Nearest(
            target, Width, member => member.ReadySince < begun && member.Id != asker.Id, found);
        figures.Nearest += found.Contains(nearest[0]) ? 1 : 0;
        figures.Wanted += nearest.Length;
        figures.Found += nearest.Count(found.Contains);
    }

    private async Task RetrieveAsync(Figures figures)
    {
        DhtMember reader = Swarm.Pick();
        long begun = Clock.GetTimestamp();
        NodeId key = _shelf!.DrawKey();
        HashSet<NodeId> live = _shelf.Holders(key, begun);

        if (live.Count == 0 || reader.ReadySince >= begun)
        {
            // There is nothing to learn, or nobody to ask yet.
            return;
        }

        long before = reader.Dht.TrafficFor(DhtPurpose.Search).Requests;
        HashSet<NodeId> read;

        try
        {
            read = [.. (await DhtSwarm.ReadAsync(reader, key)).Select(record => record.Signer)];
        }
        catch (OperationCanceledException)
        {
            return;
        }

        figures.RetrievalMessages.Add(reader.Dht.TrafficFor(DhtPurpose.Search).Requests - before);
        live.RemoveWhere(holder => !_shelf.IsAlive(holder));
        figures.Retrievals++;
        figures.RetrievalMs.Add(Clock.GetElapsedTime(begun).TotalMilliseconds);
        figures.Lost += live.Count(read.Contains) < Math.Min(HoldersWanted, live.Count) ? 1 : 0;
    }

    // A node's age does not matter: in each moment each is as likely to die as any other.
    private async Task ChurnAsync()
    {
        double perSecond = _options.Nodes * Math.Log(2) / (60 * _options.HalfLife);

        while (!_ended)
        {
            await Swarm.WaitAsync(-Math.Log(1 - _random.NextDouble()) / perSecond);
            Replace();
        }
    }

    private void Replace()
    {
        DhtMember dead = Swarm.Pick();
        dead.Kill(silently: _random.Next(2) == 0);
        _shelf?.Forget(dead);
        PeerAddress[] bootstraps = [Swarm.Pick().Address, Swarm.Pick().Address];
        DhtMember born = Swarm.Add();
        Replaced++;
        _ = StartAsync(born, bootstraps);
    }

    private async Task StartAsync(DhtMember born, PeerAddress[] bootstraps)
    {
        try
        {
            _ = await born.StartAsync(bootstraps);

            if (_shelf is not null)
            {
                await _shelf.PublishAsync(born);
            }
        }
        catch (OperationCanceledException)
        {
            // It died young.
        }
    }

    private DhtTraffic[] Traffic() => [.. Enum.GetValues<DhtPurpose>().Select(Swarm.TrafficFor)];
}
