using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Swarm.Inference.Measuring;
using Swarm.Protocol.Transport;

namespace Swarm.Benchmarks;

/// <summary>
/// One node of a private swarm under load, its peers in processes of their own: links a second, links held at once, and
/// strangers beside a listener that only accepts and closes.
/// </summary>
internal static class LoadBenchmark
{
    public static async Task RunAsync(LoadOptions options)
    {
        await ReportLinksAsync(options.Links);
        await ReportStrangersAsync(options);
    }

    private static async Task ReportLinksAsync(int count)
    {
        string secret = LoadNode.NewSecret();
        await using var node = new LoadNode(secret);
        var links = new List<ILink>();
        using var stop = new CancellationTokenSource();
        Task serving = node.ServeAsync(links, stop.Token);
        using (Process warm = LoadPeer.Start("links", Text(node.Transport.Endpoint!), secret, "8"))
        {
            _ = await NumbersAsync(warm);
            await EndAsync(warm);
        }

        long before = Held();
        using Process peer = LoadPeer.Start("links", Text(node.Transport.Endpoint!), secret, Text(count));
        double[] rate = await NumbersAsync(peer);
        long after = Held();
        int up = links.Count(link => !link.Closed.IsCancellationRequested);
        Console.WriteLine($"links: {rate[0]:F0} handshakes a second, both sides on this machine, 4 at a time");
        Console.WriteLine($"       {up} links held: {(after - before) / 1e6:F0} MB more resident, "
            + $"{(after - before) / 1024.0 / up:F0} KiB each");
        await EndAsync(peer);
        await stop.CancelAsync();
        await serving;
    }

    private static async Task ReportStrangersAsync(LoadOptions options)
    {
        string secret = LoadNode.NewSecret();
        await using var node = new LoadNode(secret);
        var links = new List<ILink>();
        using var stop = new CancellationTokenSource();
        Task serving = node.ServeAsync(links, stop.Token);
        using var bare = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bare.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        bare.Listen(128);
        Task accepting = AcceptAndCloseAsync(bare);
        IPEndPoint[] doors = [(IPEndPoint)bare.LocalEndPoint!, node.Transport.Endpoint!];
        List<double>[] rates = [[], []];
        List<double>[] tails = [[], []];
        long before = 0;

        for (int round = -1; round < options.Rounds; round++)
        {
            for (int door = 0; door < doors.Length; door++)
            {
                (double rate, double tail) = await KnockAsync(doors[door], node, secret, options.Seconds);

                // The first round warms up.
                if (round >= 0)
                {
                    rates[door].Add(rate);
                    tails[door].Add(tail);
                }
            }

            before = round < 0 ? Held() : before;
        }

        (Spread bareRate, Spread nodeRate) = (Spread.Of(rates[0]), Spread.Of(rates[1]));
        (Spread bareTail, Spread nodeTail) = (Spread.Of(tails[0]), Spread.Of(tails[1]));
        Console.WriteLine($"strangers a second: accept and close {bareRate}, node {nodeRate}, "
            + $"{nodeRate.Median / bareRate.Median:F2} of it");
        Console.WriteLine($"  a member's p99 meanwhile, µs: {bareTail} and {nodeTail}, "
            + $"{nodeTail.Median / bareTail.Median:F2} times it");
        Console.WriteLine($"  resident memory over all rounds: {(Held() - before) / 1e6:+0;-0} MB");
        bare.Dispose();
        await accepting;
        await stop.CancelAsync();
        await serving;
    }

    // A member talks to the node while strangers knock, at the node or at the bare listener of the same process.
    private static async Task<(double Rate, double Tail)> KnockAsync(
        IPEndPoint door, LoadNode node, string secret, int seconds)
    {
        using Process member = LoadPeer.Start("member", Text(node.Transport.Endpoint!), secret, Text(seconds));
        using Process strangers = LoadPeer.Start("strangers", Text(door), secret, Text(seconds));
        double[] rate = await NumbersAsync(strangers);
        double[] trips = await NumbersAsync(member);
        await EndAsync(member);
        await EndAsync(strangers);
        return (rate[0], trips[1]);
    }

    private static async Task AcceptAndCloseAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                (await listener.AcceptAsync()).Close(0);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The measurement is over.
        }
    }

    private static async Task<double[]> NumbersAsync(Process peer)
        => [.. (await peer.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The peer has failed."))
            .Split(' ').Select(number => double.Parse(number, CultureInfo.InvariantCulture))];

    private static async Task EndAsync(Process peer)
    {
        peer.StandardInput.Close();
        await peer.WaitForExitAsync();
    }

    private static long Held()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }

    private static string Text(IPEndPoint endpoint) => endpoint.ToString();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
