using System.Globalization;
using System.Text.RegularExpressions;

namespace Swarm.Testing.Nat;

/// <summary>
/// Two homes behind routers of their own, and the internet between them, each a network namespace: 192.168.77.2 behind
/// 5.5.1.2, 192.168.78.2 behind 5.5.2.2, a machine between them that is 5.5.1.1, 5.5.2.1 and 5.5.3.1, and a host without
/// a router, 5.5.3.2. Nothing leaves the machine.
/// </summary>
public sealed partial class TwoHomesLab : IDisposable
{
    private static int LabCount;

    private readonly string _folder = Directory.CreateTempSubdirectory("swarm-homes-").FullName;
    private readonly List<NetworkNamespace> _spaces = [];

    /// <param name="symmetric">Whether the routers draw a new port for every connection.</param>
    public TwoHomesLab(bool symmetric)
        : this(symmetric, symmetric)
    {
    }

    /// <param name="one">Whether the first home's router draws a new port for every connection.</param>
    /// <param name="other">Whether the other home's does.</param>
    public TwoHomesLab(bool one, bool other)
    {
        string name = string.Create(
            CultureInfo.InvariantCulture, $"swarm-h{Environment.ProcessId}-{Interlocked.Increment(ref LabCount)}");
        Internet = Add($"{name}-net");
        _ = Internet.Execute("sysctl", "-qw", "net.ipv4.ip_forward=1");
        One = AddHome(name, 1, one);
        Other = AddHome(name, 2, other);
        Host = Add($"{name}-p");
        NetworkNamespace.Join(Internet, "w3", "5.5.3.1/24", Host, "p0", "5.5.3.2/24");
        Host.Ip("route", "add", "default", "via", "5.5.3.1");
    }

    public NetworkNamespace Internet { get; }

    public NetworkNamespace One { get; }

    public NetworkNamespace Other { get; }

    public NetworkNamespace Host { get; }

    /// <summary>A person has the first home's router lead TCP port 4747 to the device.</summary>
    public void Forward()
        => Rule(
            "add chain inet home prerouting { type nat hook prerouting priority -100; policy accept; }",
            "add rule inet home prerouting iifname rw tcp dport 4747 dnat ip to 192.168.77.2:4747",
            "add rule inet home forward ip daddr 192.168.77.2 tcp dport 4747 accept");

    /// <summary>From now on nobody in the first home reaches the host, and is told so at once.</summary>
    public void Bar() => Rule("insert rule inet home forward ip daddr 5.5.3.2 tcp flags syn reject with tcp reset");

    /// <summary>From now on they do again.</summary>
    public void Unbar() => Rule("flush chain inet home forward", Forwarding);

    /// <summary>
    /// The bytes that a home has sent over connections that come from port 4747 of its device and lead to this address.
    /// </summary>
    public static long BytesSent(NetworkNamespace home, string to)
        => Sent().Matches(home.Execute("ss", "-Htin", "state", "established", $"( sport = :4747 and dst {to} )"))
            .Sum(match => long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));

    /// <summary>Why the lab cannot be built here, or null when it can.</summary>
    public static string? Obstacle() => NetworkNamespace.Obstacle("nft", "sysctl", "ss");

    public void Dispose()
    {
        _spaces.ForEach(space => space.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    [GeneratedRegex("bytes_sent:([0-9]+)")]
    private static partial Regex Sent();

    private const string Forwarding =
        "add rule inet home forward ct state established,related accept\nadd rule inet home forward iifname rl accept";

    private void Rule(params string[] lines)
    {
        string file = Path.Combine(_folder, "rule");
        File.WriteAllText(file, string.Join('\n', lines) + "\n");
        _ = Router(1).Execute("nft", "-f", file);
    }

    private NetworkNamespace Router(int number)
        => _spaces.Single(space => space.Name.EndsWith($"-r{number}", StringComparison.Ordinal));

    // Lets everything out and nothing in; what comes uninvited meets silence, not a reset.
    private static string Rules(bool symmetric) => $$"""
        table inet home {
          chain forward {
            type filter hook forward priority 0; policy drop;
            ct state established,related accept
            iifname "rl" accept
          }
          chain input {
            type filter hook input priority 0; policy accept;
            iifname "rw" ct state new drop
          }
          chain postrouting {
            type nat hook postrouting priority 100; policy accept;
            oifname "rw" masquerade {{(symmetric ? "fully-random" : "")}}
          }
        }

        """;

    private NetworkNamespace AddHome(string name, int number, bool symmetric)
    {
        NetworkNamespace router = Add($"{name}-r{number}");
        NetworkNamespace home = Add($"{name}-h{number}");
        NetworkNamespace.Join(home, "l0", $"192.168.{76 + number}.2/24", router, "rl", $"192.168.{76 + number}.1/24");
        NetworkNamespace.Join(Internet, $"w{number}", $"5.5.{number}.1/24", router, "rw", $"5.5.{number}.2/24");
        home.Ip("route", "add", "default", "via", $"192.168.{76 + number}.1");
        router.Ip("route", "add", "default", "via", $"5.5.{number}.1");
        _ = router.Execute("sysctl", "-qw", "net.ipv4.ip_forward=1");
        string file = Path.Combine(_folder, $"rules{number}");
        File.WriteAllText(file, Rules(symmetric));
        _ = router.Execute("nft", "-f", file);
        return home;
    }

    private NetworkNamespace Add(string name)
    {
        var space = new NetworkNamespace(name);
        _spaces.Add(space);
        return space;
    }
}
