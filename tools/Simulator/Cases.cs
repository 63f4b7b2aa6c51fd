using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Testing;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulator;

/// <summary>The stories that are told to a swarm, each with its bars.</summary>
public static class Cases
{
    private const double LeaseSeconds = 120;
    private const int OpeningShare = 10;

    /// <summary>By name: what happens, and who tells it.</summary>
    public static IReadOnlyDictionary<string, (string What, Func<SimulatorOptions, Watch, List<Finding>> Run)> All { get; }
        = new Dictionary<string, (string, Func<SimulatorOptions, Watch, List<Finding>>)>
        {
            ["churn"] = ("nodes come and go all the time while others look and read", Churn),
            ["hops"] = ("how lookups grow from 100 nodes to --nodes, nobody leaves", Hops),
            ["kill"] = ("30 % die at once", Kill),
            ["partition"] = ("two halves are parted for ten minutes", Partition),
            ["join"] = ("--nodes start within a minute from two bootstraps", Join),
            ["liars"] = ("--adversaries percent of the nodes lie together, and one of three bootstraps", Liars),
            ["seeds"] = ("--seeds small storms, each with the faults its seed draws, and the calm after", SeedsCase.Run),
            ["clocks"] = ("devices whose clocks are wrong", ClocksCase.Run),
            ["oneway"] = ("nodes that dial but cannot be dialled, ways open in one direction", OneWayCase.Run),
            ["routes"] = ("real placement, offers, routes and sessions while nodes die", RoutesCase.Run),
            ["death"] = ("holders die without a word", Death),
        };

    /// <summary>Runs one case from its seed.</summary>
    public static List<Finding> Run(SimulatorOptions options, Watch watch) => All[options.Case].Run(options, watch);

    /// <summary>Tells a story to a swarm that is held against its invariants all the time.</summary>
    internal static List<Finding> Play(
        SimulatorOptions options,
        Func<SwarmRun, List<Finding>, Task> story,
        Func<SimulationLoop, Func<int, TimeProvider>>? clocks = null)
    {
        var findings = new List<Finding>();
        var loop = new SimulationLoop(options.Seed);
        loop.Run(async () =>
        {
            var run = new SwarmRun(loop, options, clocks?.Invoke(loop));
            using var invariants = DhtInvariants.Watch(run.Swarm, $"case {options.Case}, {options.Nodes} nodes,");
            await story(run, findings);
            run.Swarm.CheckInvariants();
            findings.Add(new Finding("invariants held, so many times", $"{invariants.Checks}"));
        });
        return findings;
    }

    private static List<Finding> Churn(SimulatorOptions options, Watch watch)
        => Play(options, async (run, findings) =>
        {
            await run.BeginAsync();
            int minutes = Math.Max(1, (int)options.Minutes);

            // In the first two minutes links open, and a few probes are enough.
            int opening = Math.Min(2, minutes - 1);
            int lookups = Divide(options.Lookups, minutes - opening);
            int retrievals = Divide(options.Retrievals ?? options.Lookups, minutes - opening);
            var total = new Figures();

            for (int minute = 0; minute < minutes; minute++)
            {
                int share = minute < opening ? OpeningShare : 1;
                Figures figures = await run.WatchAsync(1, Divide(lookups, share), Divide(retrievals, share));
                watch.Note(run.Swarm, figures);

                if (minute >= opening)
                {
                    total.Add(figures);
                }
            }

            double bar = options.HalfLife is > 0 and < 30 ? 0.995 : 0.999;
            findings.Add(new Finding("lookups", $"{total.LookupMs.Count}"));
            findings.Add(Finding.AtLeast("closest node found", total.NearestShare, bar));
            findings.Add(Finding.AtLeast("recall of the 20 closest", total.Recall, bar));
            findings.Add(Finding.AtMost("hops, mean", total.Hops.Mean, HopsBar(options.Nodes), ""));
            findings.Add(Finding.AtMost(
                "messages per lookup, mean", total.Messages.Mean, options.HalfLife is > 0 and < 60 ? 32 : 27, ""));
            findings.Add(Finding.AtMost("full lookup, p50", total.LookupMs.Quantile(0.5), 1700, "ms"));
            findings.Add(Finding.AtMost("upkeep requests per node and minute", total.UpkeepRequests, 45, ""));
            findings.Add(Finding.AtMost("sent per node and minute for upkeep", total.UpkeepKib, 60, "KiB"));
            findings.AddRange(Enum.GetValues<DhtPurpose>().Select(purpose => new Finding(
                $"of the requests and their bytes: {purpose}",
                $"{total.Requests[(int)purpose]:F1}, {total.Kib[(int)purpose]:F1} KiB")));
            findings.Add(new Finding("dead contacts in tables", $"{total.Stale:P2}"));

            if (options.Publish)
            {
                findings.Add(new Finding("retrievals", $"{total.Retrievals}"));
                findings.Add(Finding.AtLeast("retrievals with 3 live holders, or all", total.RetrievedShare, 0.9999));
                findings.Add(new Finding("messages per retrieval, mean", $"{total.RetrievalMessages.Mean:F1}"));
                findings.Add(Finding.AtMost("record, p50", total.RetrievalMs.Quantile(0.5), 300, "ms"));
                findings.Add(Finding.AtMost("record, p99", total.RetrievalMs.Quantile(0.99), 800, "ms"));
            }

            Cost(options, run, watch, findings);
        });

    private static List<Finding> Hops(SimulatorOptions options, Watch watch)
    {
        var findings = new List<Finding>();

        for (int nodes = 100; nodes <= options.Nodes; nodes *= 10)
        {
            SimulatorOptions sized = options with { Nodes = nodes, HalfLife = 0, Publish = false };
            findings.AddRange(Play(sized, async (run, found) =>
            {
                await run.BeginAsync();
                Figures figures = await run.WatchAsync(Math.Min(1, options.Minutes), options.Lookups, 0);
                watch.Note(run.Swarm, figures);
                found.Add(Finding.AtMost($"hops at {nodes} nodes, mean", figures.Hops.Mean, HopsBar(nodes), ""));
                found.Add(Finding.AtMost($"messages at {nodes} nodes, mean", figures.Messages.Mean, 27, ""));
                Cost(sized, run, watch, found);
            }));
        }

        return findings;
    }

    private static List<Finding> Kill(SimulatorOptions options, Watch watch)
        => Play(options with { HalfLife = 0 }, async (run, findings) =>
        {
            await run.BeginAsync();
            Figures usual = await run.WatchAsync(2, options.Lookups / 2, 0);
            watch.Note(run.Swarm, usual);

            for (int i = 0; i < 3 * options.Nodes / 10; i++)
            {
                run.Swarm.Pick().Kill(silently: i % 2 == 0);
            }

            Figures first = await run.WatchAsync(0.25, options.Lookups / 4, 0);
            watch.Note(run.Swarm, first);

            for (int quarter = 1; quarter < 15; quarter++)
            {
                watch.Note(run.Swarm, await run.WatchAsync(0.25, options.Lookups / 40, 0));
            }

            Figures at240 = await run.WatchAsync(0.25, options.Lookups / 4, 0);
            watch.Note(run.Swarm, at240);
            Figures at360 = await run.WatchAsync(2, options.Lookups / 20, 0);
            watch.Note(run.Swarm, at360);
            findings.Add(Finding.AtLeast("recall in the first 15 s", first.Recall, 0.98));
            findings.Add(Finding.AtMost(
                "median lookup at 240 s, beside before",
                at240.LookupMs.Quantile(0.5) / usual.LookupMs.Quantile(0.5),
                1.2,
                "times"));
            findings.Add(Finding.AtMost("dead contacts at 360 s", 100 * at360.Stale, 1, "%"));
        });

    private static List<Finding> Partition(SimulatorOptions options, Watch watch)
        => Play(options with { HalfLife = 0, Publish = false }, async (run, findings) =>
        {
            await run.BeginAsync();
            DhtSwarm swarm = run.Swarm;
            watch.Note(swarm, await run.WatchAsync(1, options.Lookups / 10, 0));
            var key = DhtKeys.Models(SwarmId.FromName("one"));
            DhtMember[] publishers = [.. swarm.Members.Take(20)];
            var publications = new Dictionary<NodeId, Publication>();

            foreach (DhtMember publisher in publishers)
            {
                publications[publisher.Id] = await publisher.Dht.PublishAsync(
                    key, new byte[200], TimeSpan.FromSeconds(LeaseSeconds), CancellationToken.None);
            }

            NodeId[] apart = [.. swarm.Members.Where((_, i) => i % 2 == 0).Select(member => member.Id)];
            swarm.Network.Partition(apart);

            for (int minute = 0; minute < 10; minute++)
            {
                watch.Note(swarm, await run.WatchAsync(1, options.Lookups / 10, 0));
            }

            // They end while nobody on the other side can hear of it.
            publishers[0].Kill(silently: true);
            publishers[1].Kill(silently: true);
            swarm.Network.Heal();
            watch.Note(swarm, await run.WatchAsync(1.5, options.Lookups / 10, 0));
            Figures after = await run.WatchAsync(0.5, options.Lookups, 0);
            watch.Note(swarm, after);
            (int newest, int read) = await ReadAllAsync(swarm, key, publishers[2..], publications);
            await swarm.WaitAsync(LeaseSeconds);
            int ghosts = 0;

            for (int i = 0; i < 50; i++)
            {
                IReadOnlyList<FoundRecord> found = await DhtSwarm.ReadAsync(swarm.Pick(), key);
                ghosts += found.Count(record => publishers[..2].Any(dead => dead.Id == record.Signer));
            }

            findings.Add(Finding.AtLeast("recall in the last 30 of 120 s after the healing", after.Recall, 0.99));
            findings.Add(Finding.AtLeast("records read at their highest sequence", (double)newest / read, 1));
            findings.Add(Finding.AtMost("ghosts older than their lease", ghosts, 0, ""));
        });

    private static async Task<(int Newest, int Read)> ReadAllAsync(
        DhtSwarm swarm, NodeId key, DhtMember[] publishers, Dictionary<NodeId, Publication> publications)
    {
        (int newest, int read) = (0, 0);

        for (int i = 0; i < 50; i++)
        {
            // What was renewed while it was read may be seen or not.
            var before = publishers.ToDictionary(
                publisher => publisher.Id, publisher => publications[publisher.Id].Record!.Sequence);
            var found = (await DhtSwarm.ReadAsync(swarm.Pick(), key))
                .ToDictionary(record => record.Signer, record => record.Sequence);
            newest += publishers.Count(publisher => found.GetValueOrDefault(publisher.Id) >= before[publisher.Id]);
            read += publishers.Length;
        }

        return (newest, read);
    }

    private static List<Finding> Join(SimulatorOptions options, Watch watch)
        => Play(options with { HalfLife = 0, Publish = false }, async (run, findings) =>
        {
            DhtSwarm swarm = run.Swarm;
            _ = await swarm.JoinAsync();
            _ = await swarm.JoinAsync();
            PeerAddress[] bootstraps = [.. swarm.Members.Select(member => member.Address)];
            var readyMs = new Samples();
            var joins = new List<Task>();

            for (int i = 2; i < options.Nodes; i++)
            {
                joins.Add(JoinOneAsync(swarm, bootstraps, readyMs));
                await swarm.WaitAsync(60.0 / options.Nodes);
            }

            await Task.WhenAll(joins);
            await swarm.WaitAsync(30);
            Figures figures = await run.WatchAsync(1, options.Lookups, 0);
            watch.Note(swarm, figures);
            findings.Add(new Finding("ready after its start, median", $"{readyMs.Quantile(0.5) / 1000:F1} s"));
            findings.Add(Finding.AtMost("ready after its start, the slowest", readyMs.Quantile(1) / 1000, 30, "s"));
            findings.Add(Finding.AtLeast("recall 30 s later", figures.Recall, 0.99));
        });

    private static async Task JoinOneAsync(DhtSwarm swarm, PeerAddress[] bootstraps, Samples readyMs)
    {
        DhtMember member = swarm.Add();
        long begun = swarm.Loop.Clock.GetTimestamp();
        _ = await member.StartAsync(bootstraps);

        while (!member.Dht.IsReady)
        {
            await swarm.WaitAsync(0.5);
        }

        readyMs.Add(swarm.Loop.Clock.GetElapsedTime(begun).TotalMilliseconds);
    }

    private static List<Finding> Liars(SimulatorOptions options, Watch watch)
        => Play(options with { HalfLife = 0, Publish = false }, async (run, findings) =>
        {
            DhtSwarm swarm = run.Swarm;
            int liars = (int)(options.Nodes * (options.Adversaries > 0 ? options.Adversaries : 0.2));
            swarm.Populate(options.Nodes - liars, liars);
            (int once, int apart, int read) = (0, 0, 0);

            for (int i = 0; i < options.Lookups / 10; i++)
            {
                DhtMember publisher = swarm.Pick();
                NodeId key = swarm.PickPoint();
                _ = await publisher.Dht.PublishAsync(
                    key, new byte[200], TimeSpan.FromSeconds(LeaseSeconds), CancellationToken.None);

                for (int reader = 0; reader < 10; reader++, read++)
                {
                    DhtNode asker = swarm.Pick().Dht;
                    var one = new Reading(key, publisher.Key.Check);
                    _ = await asker.LookUpAsync(key, one, CancellationToken.None);
                    once += one.Newest().Count;
                    apart += (await asker.FindRecordsAsync(key, CancellationToken.None)).Count;
                }
            }

            int joined = 0;

            for (int i = 0; i < 20; i++)
            {
                PeerAddress[] bootstraps = [swarm.AddressOfLiar(i), swarm.Pick().Address, swarm.Pick().Address];
                DhtMember member = swarm.Add();
                _ = await member.StartAsync(bootstraps);
                NodeId[] nearest = swarm.Nearest(member.Id, 5, without: member.Id);
                joined += member.Dht.IsReady && nearest.All(member.Contacts.Contains) ? 1 : 0;
            }

            watch.Note(swarm, await run.WatchAsync(0.5, options.Lookups / 10, 0));
            findings.Add(new Finding("records found along one path", $"{(double)once / read:P2}"));
            findings.Add(Finding.AtLeast("records found, with disjoint paths on doubt", (double)apart / read, 0.999));
            findings.Add(Finding.AtLeast("joins that found their five nearest", joined / 20.0, 1));
        });

    private static List<Finding> Death(SimulatorOptions options, Watch watch)
        => Play(options with { HalfLife = 0, Publish = false }, async (run, findings) =>
        {
            await run.BeginAsync();
            DhtSwarm swarm = run.Swarm;
            var lastSeen = new Samples();

            for (int i = 0; i < 20; i++)
            {
                DhtMember publisher = swarm.Pick();
                NodeId key = swarm.PickPoint();
                _ = await publisher.Dht.PublishAsync(
                    key, new byte[200], TimeSpan.FromSeconds(LeaseSeconds), CancellationToken.None);
                await swarm.WaitAsync(60 * swarm.Loop.Random.NextDouble());
                publisher.Kill(silently: true);
                long died = swarm.Loop.Clock.GetTimestamp();
                double seen = 0;

                for (TimeSpan age = TimeSpan.Zero; age.TotalSeconds < 200; age = swarm.Loop.Clock.GetElapsedTime(died))
                {
                    seen = (await DhtSwarm.ReadAsync(swarm.Pick(), key)).Count > 0 ? age.TotalSeconds : seen;
                    await swarm.WaitAsync(2);
                }

                lastSeen.Add(seen);
            }

            findings.Add(new Finding("seen after its death, median", $"{lastSeen.Quantile(0.5):F0} s"));
            findings.Add(Finding.AtMost("seen after its death, longest", lastSeen.Quantile(1), 180, "s"));
            watch.Note(swarm, await run.WatchAsync(0.5, options.Lookups / 10, 0));
        });

    private static void Cost(SimulatorOptions options, SwarmRun run, Watch watch, List<Finding> findings)
    {
        double kilobytes = GC.GetTotalMemory(forceFullCollection: true) / 1024.0 / options.Nodes;
        GC.KeepAlive(run);
        findings.Add(Finding.AtMost("memory per node", kilobytes, 100, "KB"));
        findings.Add(new Finding(
            "collections of the youngest, of the young, of all",
            string.Join(", ", Enumerable.Range(0, 3).Select(GC.CollectionCount))));
        findings.Add(new Finding(
            "time so far: real, processor's, and of it the collector's",
            $"{watch.RealSeconds:F0} s, {Watch.ProcessorSeconds:F0} s, {GC.GetTotalPauseDuration().TotalSeconds:F0} s"));
    }

    private static int Divide(int count, int parts) => (count + parts - 1) / parts;

    private static double HopsBar(int nodes) => nodes <= 100 ? 2.2 : nodes <= 1000 ? 3.0 : nodes <= 10_000 ? 4.0 : 5.2;
}
