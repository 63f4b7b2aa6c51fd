using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Protocol.Identity;
using Swarm.Testing;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulator;

/// <summary>
/// Devices whose clocks are wrong: most by less than half of what two may differ by, so that any two of them agree, and
/// every tenth by minutes.
/// </summary>
public static class ClocksCase
{
    private const double TolerableSeconds = 28;
    private const double FarLeastSeconds = 200;
    private const double FarMostSeconds = 900;
    private const double DriftMax = 200e-6;
    private const int Readers = 10;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(120);

    /// <summary>Publishes, reads, kills and waits, and tells apart whose clocks agree.</summary>
    public static List<Finding> Run(SimulatorOptions options, Watch watch)
        => Cases.Play(options with { HalfLife = 0, Publish = false }, (run, findings) => TellAsync(options, run, findings, watch), NewClocks);

    private static Func<int, TimeProvider> NewClocks(SimulationLoop loop)
    {
        var random = new Random(loop.Random.Next());

        return number =>
        {
            double within = ((2 * random.NextDouble()) - 1) * TolerableSeconds;
            double far = FarLeastSeconds + ((FarMostSeconds - FarLeastSeconds) * random.NextDouble());
            double drift = ((2 * random.NextDouble()) - 1) * DriftMax;
            return new SkewedClock(
                loop.Clock,
                TimeSpan.FromSeconds(number % 10 != 9 ? within : random.Next(2) == 0 ? far : -far),
                drift);
        };
    }

    private static async Task TellAsync(SimulatorOptions options, SwarmRun run, List<Finding> findings, Watch watch)
    {
        await run.BeginAsync();
        DhtSwarm swarm = run.Swarm;
        var publications = new List<(DhtMember Publisher, NodeId Key)>();
        int tellers = Math.Max(10, options.Lookups / Readers);
        (int accepted, int far) = (0, 0);

        for (int i = 0; i < tellers; i++)
        {
            DhtMember publisher = swarm.Pick();
            NodeId key = swarm.PickPoint();
            Publication publication = await publisher.Dht.PublishAsync(
                key, new byte[200], Lease, CancellationToken.None);
            publications.Add((publisher, key));
            far += IsSound(publisher) ? 0 : 1;

            // Itself and others whose clocks are as wrong may hold it.
            accepted += !IsSound(publisher) && publication.Holders > swarm.Options.Replicas / 2 ? 1 : 0;
        }

        Reads young = await ReadAsync(swarm, publications);
        await swarm.WaitAsync(3 * Lease.TotalSeconds);
        Reads old = await ReadAsync(swarm, publications);
        Figures figures = await run.WatchAsync(1, options.Lookups / 2, 0);
        watch.Note(swarm, figures);
        (double longest, int ghosts) = await KillAsync(swarm, [.. publications.Where(one => IsSound(one.Publisher)).Take(20)]);

        findings.Add(new Finding("nodes whose clocks are wrong by minutes", $"{swarm.Members.Count(one => !IsSound(one))}"));
        findings.Add(Finding.AtLeast("recall of the 20 closest, whatever the clocks", figures.Recall, 0.999));
        findings.Add(Finding.AtLeast("read where the clocks agree, at once", young.Share, 0.9999));
        findings.Add(Finding.AtLeast("read where the clocks agree, three leases later", old.Share, 0.9999));
        findings.Add(Finding.AtMost($"of {far} records from wrong clocks, accepted by most", accepted, 0, ""));
        findings.Add(Finding.AtMost("of these, read where the clock is right", young.Foreign + old.Foreign, 0, ""));
        findings.Add(Finding.AtMost("a dead holder seen for, where the clocks agree", longest, 180, "s"));
        findings.Add(Finding.AtMost("seen after lease and tolerance", ghosts, 0, ""));
    }

    private static async Task<Reads> ReadAsync(DhtSwarm swarm, List<(DhtMember Publisher, NodeId Key)> publications)
    {
        var reads = new Reads();

        foreach ((DhtMember publisher, NodeId key) in publications)
        {
            for (int i = 0; i < Readers; i++)
            {
                DhtMember reader = swarm.Pick();

                if (!IsSound(reader) || reader == publisher)
                {
                    continue;
                }

                IReadOnlyList<FoundRecord> found = await DhtSwarm.ReadAsync(reader, key);
                reads.Wanted += IsSound(publisher) ? 1 : 0;
                reads.Found += IsSound(publisher) && found.Count > 0 ? 1 : 0;
                reads.Foreign += !IsSound(publisher) && found.Count > 0 ? 1 : 0;
            }
        }

        return reads;
    }

    // How long the last of them are seen after their machines went dark.
    private static async Task<(double Longest, int Ghosts)> KillAsync(
        DhtSwarm swarm, (DhtMember Publisher, NodeId Key)[] publications)
    {
        foreach ((DhtMember publisher, _) in publications.DistinctBy(one => one.Publisher))
        {
            publisher.Kill(silently: true);
        }

        long died = swarm.Loop.Clock.GetTimestamp();
        (double longest, int ghosts) = (0, 0);
        double most = Lease.TotalSeconds + DhtLimits.ClockSkewMax.TotalSeconds;

        for (double age = 0; age < most + 30; age = swarm.Loop.Clock.GetElapsedTime(died).TotalSeconds)
        {
            foreach ((_, NodeId key) in publications)
            {
                DhtMember reader = swarm.Pick();
                bool isSeen = IsSound(reader) && (await DhtSwarm.ReadAsync(reader, key)).Count > 0;
                longest = isSeen ? age : longest;
                ghosts += isSeen && age > most ? 1 : 0;
            }

            await swarm.WaitAsync(5);
        }

        return (longest, ghosts);
    }

    private static bool IsSound(DhtMember member)
        => ((SkewedClock)member.Clock).Ahead.Duration().TotalSeconds <= 2 + TolerableSeconds;

    private sealed class Reads
    {
        public int Wanted { get; set; }

        public int Found { get; set; }

        public int Foreign { get; set; }

        public double Share => Wanted == 0 ? double.NaN : (double)Found / Wanted;
    }
}
