using System.Diagnostics;
using System.Globalization;
using Swarm.Simulator;
using Swarm.Testing;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

try
{
    if (args is ["help" or "--help" or "-h", ..])
    {
        Console.WriteLine($"usage: tools/simulate [options]\n\n{SimulatorOptions.Usage}");
        return 0;
    }

    var options = SimulatorOptions.Parse(args);
    var loop = new SimulationLoop(options.Seed);
    var watch = Stopwatch.StartNew();
    loop.Run(async () =>
    {
        var run = new SwarmRun(loop, options);
        run.Begin();
        Console.WriteLine($"minute  nearest   recall   hops   msgs  lookup p50/p99 ms  retrieved  p50/p99 ms  upkeep req  KiB  stale  links  KB/node  s");

        for (int minute = 1; minute <= options.Minutes; minute++)
        {
            double before = watch.Elapsed.TotalSeconds;
            int lookups = (int)(options.Lookups / options.Minutes);
            Figures f = await run.WatchAsync(1, lookups, lookups);
            double links = run.Swarm.Members.Average(member => member.Links.Links.Count);
            double memory = GC.GetTotalMemory(false) / 1024.0 / options.Nodes;
            Console.WriteLine(
                $"{minute,6} {f.NearestShare,8:P2} {f.Recall,8:P2} {f.Hops.Mean,6:F2} {f.Messages.Mean,6:F1} "
                + $"{f.LookupMs.Quantile(0.5),8:F0} {f.LookupMs.Quantile(0.99),8:F0} {f.RetrievedShare,9:P2} "
                + $"{f.RetrievalMs.Quantile(0.5),6:F0} {f.RetrievalMs.Quantile(0.99),6:F0} {f.UpkeepRequests,8:F1} "
                + $"{f.KibSent,6:F1} {f.Stale,7:P2} {links,5:F0} {memory,6:F0} {watch.Elapsed.TotalSeconds - before,5:F1}");
        }

        run.Swarm.CheckInvariants();
    });
    Console.WriteLine($"{watch.Elapsed.TotalSeconds:F1} s");
    return 0;
}
catch (ArgumentException e)
{
    Console.Error.WriteLine($"simulate: {e.Message}; see tools/simulate help");
    return 2;
}
