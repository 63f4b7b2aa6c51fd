using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Benchmarks;

/// <summary>The other process of a load measurement: dials the node, or is strange to it, and prints what it measured.</summary>
internal static class LoadPeer
{
    private const int AtOnce = 16;
    private const int CookieBytes = 48;

    /// <summary>Starts this program anew in the part of a peer, which ends with its standard input.</summary>
    public static Process Start(params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };

        foreach (string argument in arguments.Prepend("load-peer").Prepend(typeof(LoadPeer).Assembly.Location))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    public static async Task RunAsync(string part, string address, string secret, int number)
    {
        var target = IPEndPoint.Parse(address);

        switch (part)
        {
            case "links":
                await HoldLinksAsync(target, secret, number);
                break;
            case "member":
                await PingPongAsync(target, secret, TimeSpan.FromSeconds(number));
                break;
            default:
                await KnockAsync(target, TimeSpan.FromSeconds(number));
                break;
        }
    }

    // Prints links a second, and holds them until told to end.
    private static async Task HoldLinksAsync(IPEndPoint target, string secret, int count)
    {
        await using var node = new LoadNode(secret);
        var links = new List<ILink>();
        var to = new PeerAddress(target.Address.ToString(), target.Port);
        long start = Stopwatch.GetTimestamp();

        while (links.Count < count)
        {
            Task<ILink>[] dials = [.. Enumerable.Range(0, Math.Min(4, count - links.Count))
                .Select(_ => node.Transport.DialAsync(to, CancellationToken.None).AsTask())];
            links.AddRange(await Task.WhenAll(dials));
        }

        Console.WriteLine(count / Stopwatch.GetElapsedTime(start).TotalSeconds);
        _ = await Console.In.ReadLineAsync();
    }

    // Prints the 50th and the 99th percentile of round trips with 64 bytes, in microseconds.
    private static async Task PingPongAsync(IPEndPoint target, string secret, TimeSpan time)
    {
        await using var node = new LoadNode(secret);
        var to = new PeerAddress(target.Address.ToString(), target.Port);
        ILink link = await node.Transport.DialAsync(to, CancellationToken.None);
        await using ILinkStream stream = await link.OpenAsync(StreamPriority.Decode, CancellationToken.None);
        byte[] bytes = new byte[64];
        var times = new List<double>();
        long start = Stopwatch.GetTimestamp();

        while (Stopwatch.GetElapsedTime(start) < time)
        {
            long sent = Stopwatch.GetTimestamp();
            await stream.SendAsync(new Envelope { Step = new Step() }, bytes, CancellationToken.None);
            _ = await stream.ReceiveAsync(CancellationToken.None);
            await stream.ReadPayloadAsync(bytes, CancellationToken.None);
            times.Add(Stopwatch.GetElapsedTime(sent).TotalMicroseconds);
            await Task.Delay(TimeSpan.FromMilliseconds(1));
        }

        times.Sort();
        Console.WriteLine(FormattableString.Invariant($"{times[times.Count / 2]} {times[times.Count * 99 / 100]}"));
    }

    // Prints how many connections a second were opened, had a wrong cookie sent and were seen to end.
    private static async Task KnockAsync(IPEndPoint target, TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        int ended = 0;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            byte[] bytes = new byte[CookieBytes];

            while (Stopwatch.GetElapsedTime(start) < time)
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

                try
                {
                    // No port stays behind in TIME_WAIT, of which there are few.
                    socket.LingerState = new LingerOption(true, 0);
                    await socket.ConnectAsync(target);
                    _ = await socket.SendAsync(bytes);
                    _ = await socket.ReceiveAsync(bytes);
                }
                catch (SocketException)
                {
                    // Reset: that is an end, too.
                }

                _ = Interlocked.Increment(ref ended);
            }
        }));
        Console.WriteLine(ended / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
