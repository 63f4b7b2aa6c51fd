using System.Globalization;

namespace Swarm.Testing.Nat;

/// <summary>
/// Two homes behind routers of their own, and the internet between them, each a network namespace: 192.168.77.2 behind
/// 5.5.1.2, 192.168.78.2 behind 5.5.2.2, and a machine that is 5.5.1.1 and 5.5.2.1. Nothing leaves the machine.
/// </summary>
public sealed class TwoHomesLab : IDisposable
{
    private static int LabCount;

    private readonly string _folder = Directory.CreateTempSubdirectory("swarm-homes-").FullName;
    private readonly List<NetworkNamespace> _spaces = [];

    /// <param name="symmetric">Whether the routers draw a new port for every connection.</param>
    public TwoHomesLab(bool symmetric)
    {
        string name = string.Create(
            CultureInfo.InvariantCulture, $"swarm-h{Environment.ProcessId}-{Interlocked.Increment(ref LabCount)}");
        Internet = Add($"{name}-net");
        _ = Internet.Execute("sysctl", "-qw", "net.ipv4.ip_forward=1");
        One = AddHome(name, 1, symmetric);
        Other = AddHome(name, 2, symmetric);
    }

    public NetworkNamespace Internet { get; }

    public NetworkNamespace One { get; }

    public NetworkNamespace Other { get; }

    /// <summary>Why the lab cannot be built here, or null when it can.</summary>
    public static string? Obstacle() => NetworkNamespace.Obstacle("nft", "sysctl");

    public void Dispose()
    {
        _spaces.ForEach(space => space.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

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
