using System.Diagnostics;
using Swarm.Inference.Measuring;
using Swarm.Protocol.Transport;

namespace Swarm.Benchmarks;

/// <summary>A link beside raw TCP and raw TLS over loopback, in turns.</summary>
internal static class LinkBenchmark
{
    private const int BulkPartBytes = 4 << 20;

    public static async Task RunAsync(LinkOptions options)
    {
        Console.WriteLine($"loopback, {options.Rounds} rounds of {options.Turns} round trips and "
            + $"{options.BulkMebibytes} MiB one way: median (least-most)");

        foreach (int size in options.Sizes)
        {
            await ReportRoundTripsAsync(options, size);
        }

        await ReportBulkAsync(options);
    }

    private static async Task ReportRoundTripsAsync(LinkOptions options, int size)
    {
        await using var pairs = await RivalPairs.OpenAsync(StreamPriority.Decode);
        List<double>[] middles = [[], [], []];
        List<double>[] tails = [[], [], []];

        for (int round = -1; round < options.Rounds; round++)
        {
            for (int i = 0; i < pairs.All.Count; i++)
            {
                double[] sorted = [.. (await RoundTripsAsync(pairs.All[i], size, options.Turns)).Order()];

                // The first round warms up.
                if (round >= 0)
                {
                    middles[i].Add(sorted[sorted.Length / 2]);
                    tails[i].Add(sorted[sorted.Length * 99 / 100]);
                }
            }
        }

        Console.WriteLine();
        Console.WriteLine($"round trip of {size} B, µs");
        Report("p50", pairs, middles);
        Report("p99", pairs, tails);
    }

    private static async Task ReportBulkAsync(LinkOptions options)
    {
        await using var pairs = await RivalPairs.OpenAsync(StreamPriority.Bulk);
        List<double>[] rates = [[], [], []];
        int parts = Math.Max(1, (options.BulkMebibytes << 20) / BulkPartBytes);

        for (int round = -1; round < options.Rounds; round++)
        {
            for (int i = 0; i < pairs.All.Count; i++)
            {
                double rate = await BulkAsync(pairs.All[i], parts);

                if (round >= 0)
                {
                    rates[i].Add(rate);
                }
            }
        }

        Console.WriteLine();
        Console.WriteLine("bulk, MB/s");
        Report("", pairs, rates);
    }

    private static void Report(string what, RivalPairs pairs, List<double>[] values)
    {
        Spread[] spreads = [.. values.Select(Spread.Of)];
        double link = spreads[^1].Median;
        string[] shown = [.. spreads.Select((spread, i) => $"{pairs.All[i].Name} {spread}")];
        Console.WriteLine($"  {what,-4} {string.Join("   ", shown)}   "
            + $"link/tls {link / spreads[1].Median:F2}   link/tcp {link / spreads[0].Median:F2}");
    }

    // Microseconds of each turn.
    private static async Task<double[]> RoundTripsAsync(EndPair pair, int size, int turns)
    {
        byte[] asked = new byte[size];
        byte[] echoed = new byte[size];
        double[] times = new double[turns];
        Task echo = EchoAsync();

        for (int i = 0; i < turns; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await pair.Near.SendAsync(asked);
            await pair.Near.ReceiveAsync(asked);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        await echo;
        return times;

        async Task EchoAsync()
        {
            for (int i = 0; i < turns; i++)
            {
                await pair.Far.ReceiveAsync(echoed);
                await pair.Far.SendAsync(echoed);
            }
        }
    }

    // Megabytes per second.
    private static async Task<double> BulkAsync(EndPair pair, int parts)
    {
        byte[] sent = new byte[BulkPartBytes];
        byte[] received = new byte[BulkPartBytes];
        long start = Stopwatch.GetTimestamp();
        Task sending = SendAsync();

        for (int i = 0; i < parts; i++)
        {
            await pair.Far.ReceiveAsync(received);
        }

        await sending;
        return parts * (double)BulkPartBytes / 1e6 / Stopwatch.GetElapsedTime(start).TotalSeconds;

        async Task SendAsync()
        {
            for (int i = 0; i < parts; i++)
            {
                await pair.Near.SendAsync(sent);
            }
        }
    }
}
