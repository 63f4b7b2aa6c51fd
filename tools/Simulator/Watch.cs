using System.Diagnostics;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulator;

/// <summary>Prints a line per stretch of a run while it goes on, and keeps what the chart shows.</summary>
public sealed class Watch
{
    private readonly Stopwatch _real = Stopwatch.StartNew();
    private double _before;
    private double _processorBefore;

    public Watch()
        => Console.Error.WriteLine(
            "   at s  nearest   recall  hops  msgs  lookup ms p50/p99  retrieved   ms p50/p99  upkeep   KiB  stale links"
                + " KB/node  real s  processor s");

    public Chart Chart { get; } = new();

    public double RealSeconds => _real.Elapsed.TotalSeconds;

    /// <summary>What a busy machine does not lengthen.</summary>
    public static double ProcessorSeconds => Environment.CpuUsage.TotalTime.TotalSeconds;

    public void Note(DhtSwarm swarm, Figures f)
    {
        double at = swarm.Loop.Clock.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        double links = swarm.Members.Average(member => member.Links.Count);
        double memory = GC.GetTotalMemory(false) / 1024.0 / swarm.Members.Count;
        Console.Error.WriteLine(
            $"{at,7:F0} {f.NearestShare,8:P2} {f.Recall,8:P2} {f.Hops.Mean,5:F2} {f.Messages.Mean,5:F1} "
                + $"{f.LookupMs.Quantile(0.5),9:F0} {f.LookupMs.Quantile(0.99),8:F0} {f.RetrievedShare,10:P2} "
                + $"{f.RetrievalMs.Quantile(0.5),6:F0} {f.RetrievalMs.Quantile(0.99),6:F0} {f.UpkeepRequests,7:F1} "
                + $"{f.UpkeepKib,5:F1} {f.Stale,6:P1} {links,5:F0} {memory,7:F0} {RealSeconds - _before,7:F1} "
                + $"{ProcessorSeconds - _processorBefore,12:F1}");
        (_before, _processorBefore) = (RealSeconds, ProcessorSeconds);
        Chart.Add("recall of the twenty nearest, %", at, 100 * f.Recall);
        Chart.Add("lookup p50, ms", at, f.LookupMs.Quantile(0.5));
        Chart.Add("upkeep, requests per node and minute", at, f.UpkeepRequests);
        Chart.Add("dead contacts, %", at, 100 * f.Stale);
    }
}
