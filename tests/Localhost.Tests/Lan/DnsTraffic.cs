using System.Globalization;

namespace Swarm.Localhost.Tests.Lan;

/// <summary>What passes a host's interface to and from UDP port 5353, as tcpdump reads it.</summary>
internal sealed class DnsTraffic(string space) : IDisposable
{
    private readonly WatchedProcess _tcpdump = new(
        space, null, "tcpdump", "-i", "eth0", "-l", "-n", "-tt", "-vvv", "--immediate-mode", "udp", "port", "5353");

    /// <summary>Everything that passed so far.</summary>
    public DnsPacket[] Packets
    {
        get
        {
            string[] lines = _tcpdump.Output.Split('\n');
            return [.. lines.Zip(lines.Skip(1)).Select(two => Read(two.First, two.Second)).OfType<DnsPacket>()];
        }
    }

    /// <summary>Waits until it watches.</summary>
    public Task StartAsync(CancellationToken cancel)
        => _tcpdump.WaitForAsync(line => line.Contains("listening on eth0", StringComparison.Ordinal), cancel);

    public void Dispose() => _tcpdump.Dispose();

    // 1700000000.5 IP (tos 0x0, …, proto UDP (17), length 99)
    //     10.9.0.3.5353 > 224.0.0.251.5353: [udp sum ok] 0 PTR (QM)? _swarm._tcp.local. (71)
    private static DnsPacket? Read(string head, string rest)
    {
        if (!head.Contains(" IP (", StringComparison.Ordinal) || !rest.StartsWith("    ", StringComparison.Ordinal))
        {
            return null;
        }

        string[] ways = rest[..rest.IndexOf(": ", StringComparison.Ordinal)].Trim().Split(" > ");
        int question = rest.IndexOf(")? ", StringComparison.Ordinal);
        string text = question < 0 ? rest : rest[(question + 3)..];
        int end = question < 0 ? 0 : text.IndexOf(' ', StringComparison.Ordinal);
        return new DnsPacket(
            double.Parse(head.Split(' ')[0], CultureInfo.InvariantCulture),
            ways[0],
            ways[1],
            text[..end],
            text[end..]);
    }
}
