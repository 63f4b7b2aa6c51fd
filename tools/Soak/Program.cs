using System.Diagnostics;
using System.Globalization;
using Swarm.Simulator;
using Swarm.Soak;

const string Usage = $"""
    usage: tools/soak [options]

    {SoakOptions.Usage}

    Real nodes on loopback, in one process: real keys, TLS, links, DHT, announcements and routes, real time. Half of those
    that go are killed without a word, half of them leave; a fourth of those that come were killed before. At the end
    nothing may be left of them: no socket, thread or memory.

    example: tools/soak --nodes 20 --seconds 30
    """;
const double TrialSeconds = 10;

// So many handles and threads the runtime may open for itself, and so much memory for its pools and compiled code.
const int RuntimeThreads = 4;
const int RuntimeHandles = 8;
const long RuntimeHeapBytes = 4 << 20;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

try
{
    if (args is ["help" or "--help" or "-h", ..])
    {
        Console.WriteLine(Usage);
        return 0;
    }

    var options = SoakOptions.Parse(args);

    // The same for some seconds: pools, caches and compiled code are there when it counts.
    _ = await LiveAsync(options with { Seconds = Math.Min(options.Seconds, TrialSeconds) });
    ProcessFootprint before = await SettleAsync(footprint => footprint.Connections == 0);
    Console.Error.WriteLine($"before: {before}");
    (SoakRun run, SoakProbe probe) = await LiveAsync(options);
    ProcessFootprint after = await SettleAsync(footprint => IsAsBefore(footprint) && run.Remaining == 0);
    Console.Error.WriteLine($"after:  {after}");
    List<Finding> findings = Findings(options, run, probe);
    findings.Add(Finding.AtMost("nodes that something still holds", run.Remaining, 0, ""));
    findings.Add(Finding.AtMost("sockets more than before", after.Sockets - before.Sockets, 0, ""));
    findings.Add(Finding.AtMost("TCP connections more", after.Connections - before.Connections, 0, ""));
    findings.Add(Finding.AtMost("handles more", after.Handles - before.Handles, RuntimeHandles, ""));
    findings.Add(Finding.AtMost("threads more", after.Threads - before.Threads, RuntimeThreads, ""));
    findings.Add(Finding.AtMost("heap more", (after.HeapBytes - before.HeapBytes) / 1024.0, RuntimeHeapBytes >> 10, "KiB"));
    Console.WriteLine($"{options.Nodes} real nodes, {options.Seconds:F0} s, {run.Killed} killed, {run.Left} left, "
        + $"{run.Returned} came back, seed {options.Seed}");
    findings.ForEach(Console.WriteLine);
    run.Failures.Concat(probe.Lies).Take(20).ToList().ForEach(line => Console.WriteLine($"      {line}"));
    return findings.TrueForAll(finding => finding.Holds) ? 0 : 1;

    bool IsAsBefore(ProcessFootprint now)
        => now.Sockets <= before.Sockets
            && now.Threads <= before.Threads + RuntimeThreads
            && now.Handles <= before.Handles + RuntimeHandles
            && now.HeapBytes <= before.HeapBytes + RuntimeHeapBytes;
}
catch (ArgumentException e)
{
    Console.Error.WriteLine($"soak: {e.Message}; see tools/soak help");
    return 2;
}

static async Task<(SoakRun Run, SoakProbe Probe)> LiveAsync(SoakOptions options)
{
    using var run = new SoakRun(options);
    var probe = new SoakProbe(run, options);
    await run.BeginAsync();
    using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(options.Seconds));
    await Task.WhenAll(run.ChurnAsync(stop.Token), probe.RunAsync(stop.Token), TellAsync(run, probe, stop.Token));
    await run.EndAsync();
    return (run, probe);
}

static async Task TellAsync(SoakRun run, SoakProbe probe, CancellationToken stop)
{
    using var timer = new PeriodicTimer(TimeSpan.FromSeconds(15));
    long begun = Stopwatch.GetTimestamp();

    try
    {
        while (await timer.WaitForNextTickAsync(stop))
        {
            Console.Error.WriteLine($"{Stopwatch.GetElapsedTime(begun).TotalSeconds,5:F0} s  {run.Live} nodes, "
                + $"{run.Killed} killed, {run.Left} left; recall {probe.Figures.Recall:P2} of "
                + $"{probe.Figures.LookupMs.Count} lookups, {probe.Figures.Lost} of {probe.Figures.Retrievals} retrievals "
                + $"short, {probe.Routed} of {probe.Planned} routes; {Environment.WorkingSet >> 20} MiB");
        }
    }
    catch (OperationCanceledException)
    {
        // The time is over.
    }
}

// Sockets close and threads of the pool end some time after nobody needs them.
static async Task<ProcessFootprint> SettleAsync(Func<ProcessFootprint, bool> isSettled)
{
    long begun = Stopwatch.GetTimestamp();
    var footprint = ProcessFootprint.Take();

    while (!isSettled(footprint) && Stopwatch.GetElapsedTime(begun).TotalSeconds < 60)
    {
        await Task.Delay(TimeSpan.FromSeconds(1));
        footprint = ProcessFootprint.Take();
    }

    return footprint;
}

static List<Finding> Findings(SoakOptions options, SoakRun run, SoakProbe probe)
{
    Figures figures = probe.Figures;
    double read = probe.Holders.Sure == 0 ? double.NaN : (double)probe.Holders.Read / probe.Holders.Sure;

    return
    [
        Finding.AtMost("starts and ends that failed", run.Failures.Count, 0, ""),
        new("start until announced, median and slowest",
            $"{run.StartSeconds.Quantile(0.5):F2} s {run.StartSeconds.Quantile(1):F2} s"),
        new("lookups", $"{figures.LookupMs.Count}"),
        Finding.AtLeast("closest node found", figures.NearestShare, 0.995),
        Finding.AtLeast("recall of the 20 closest", figures.Recall, 0.995),
        new("full lookup, p50 and p99",
            $"{figures.LookupMs.Quantile(0.5):F0} ms {figures.LookupMs.Quantile(0.99):F0} ms"),
        new("retrievals", $"{figures.Retrievals}"),
        Finding.AtLeast("retrievals with 3 live holders, or all", figures.RetrievedShare, 0.9999),
        new("live holders read", $"{read:P2}"),
        new("left in good order and still read as there", $"{probe.Unwithdrawn}"),
        Finding.AtLeast("routes that stand, of those that could", (double)probe.Routed / probe.Planned, 1),
        Finding.AtMost("until every stage answers, slowest", probe.RouteSeconds.Quantile(1), 3, "s"),
        Finding.AtMost("answers of the dead, words nobody said", probe.Lies.Count, 0, ""),
    ];
}
