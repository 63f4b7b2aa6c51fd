using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Swarm.Testing.Nat;

/// <summary>
/// A device behind a router that runs the real miniupnpd, and a stranger on the router's other side, each a network
/// namespace: 192.168.77.2, 192.168.77.1 with 5.5.5.1, and 5.5.5.2. Nothing leaves the machine.
/// </summary>
public sealed class NatLab : IDisposable
{
    public const string PublicAddress = "5.5.5.1";
    public const string PrivateAddress = "192.168.99.1";
    public static readonly IPAddress Router = IPAddress.Parse("192.168.77.1");
    public static readonly IPAddress Device = IPAddress.Parse("192.168.77.2");
    private static int LabCount;

    private readonly string _folder = Directory.CreateTempSubdirectory("swarm-nat-").FullName;
    private readonly string _external;
    private Process? _daemon;

    public NatLab(string external = PublicAddress)
    {
        _external = external;
        string name = string.Create(
            CultureInfo.InvariantCulture, $"swarm-{Environment.ProcessId}-{Interlocked.Increment(ref LabCount)}");
        Lan = new NetworkNamespace($"{name}-lan");
        Gateway = new NetworkNamespace($"{name}-rtr");
        Wan = new NetworkNamespace($"{name}-wan");
        NetworkNamespace.Join(Lan, "l0", "192.168.77.2/24", Gateway, "rl", "192.168.77.1/24");
        NetworkNamespace.Join(Wan, "w0", $"{external[..^1]}2/24", Gateway, "rw", $"{external}/24");
        Lan.Ip("route", "add", "default", "via", "192.168.77.1");
        _ = Gateway.Execute("sysctl", "-qw", "net.ipv4.ip_forward=1");
        Nft(Rules);
        File.WriteAllText(LeaseFile, "");
        File.WriteAllText(Path.Combine(_folder, "conf"), Configuration);
    }

    public NetworkNamespace Lan { get; }

    public NetworkNamespace Gateway { get; }

    public NetworkNamespace Wan { get; }

    /// <summary>What miniupnpd holds: TCP:external:client:internal:expiry:description, a line each.</summary>
    public string Leases => File.Exists(LeaseFile) ? File.ReadAllText(LeaseFile) : "";

    /// <summary>For how many seconds the daemon has kept its mappings, as it says by NAT-PMP.</summary>
    public uint Epoch
    {
        get
        {
            using Socket socket = Lan.Open(SocketType.Dgram, ProtocolType.Udp);
            socket.ReceiveTimeout = 2000;
            _ = socket.SendTo([0, 0], new IPEndPoint(Router, 5351));
            byte[] answer = new byte[16];
            int count = socket.Receive(answer);
            return count == 12
                ? BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(4))
                : throw new InvalidOperationException($"An answer of {count} bytes is none of NAT-PMP.");
        }
    }

    private string LeaseFile => Path.Combine(_folder, "leases");

    // Chains must exist before the daemon starts; one statement on each line.
    private static string Rules => """
        table inet filter {
          chain miniupnpd {
          }
          chain prerouting_miniupnpd {
          }
          chain postrouting_miniupnpd {
          }
          chain forward {
            type filter hook forward priority 0; policy drop;
            ct state established,related accept
            iifname "rl" oifname "rw" accept
            jump miniupnpd
          }
          chain prerouting {
            type nat hook prerouting priority -100; policy accept;
            jump prerouting_miniupnpd
          }
          chain postrouting {
            type nat hook postrouting priority 100; policy accept;
            jump postrouting_miniupnpd
            oifname "rw" masquerade
          }
        }
        table inet silence {
          chain input {
            type filter hook input priority 0; policy accept;
          }
          chain output {
            type filter hook output priority 0; policy accept;
          }
        }

        """;

    private string Configuration => $"""
        ext_ifname=rw
        listening_ip=rl
        enable_natpmp=yes
        enable_upnp=yes
        secure_mode=yes
        system_uptime=no
        min_lifetime=120
        max_lifetime=86400
        upnp_table_name=filter
        upnp_nat_table_name=filter
        lease_file={LeaseFile}
        uuid=9c5d1c8e-1111-4222-8333-abcdefabcdef
        allow 1024-65535 192.168.77.0/24 1024-65535
        deny 0-65535 0.0.0.0/0 0-65535

        """;

    /// <summary>Why the lab cannot be built here, or null when it can.</summary>
    public static string? Obstacle() => NetworkNamespace.Obstacle("nft", "miniupnpd", "sysctl");

    /// <summary>Starts the daemon, and waits until it listens.</summary>
    public async Task StartAsync()
    {
        string[] command = Gateway.Inside(
            "miniupnpd", "-d", "-f", Path.Combine(_folder, "conf"), "-P", Path.Combine(_folder, "pid"));
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var listens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _daemon = new Process { StartInfo = start };
        _daemon.OutputDataReceived += (_, line) => Hear(line.Data, listens);
        _daemon.ErrorDataReceived += (_, line) => Hear(line.Data, listens);
        _ = _daemon.Start();
        _daemon.BeginOutputReadLine();
        _daemon.BeginErrorReadLine();
        await listens.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    /// <summary>Ends the daemon without a goodbye; rules and leases stay.</summary>
    public void Kill()
    {
        _daemon?.Kill();
        _daemon?.WaitForExit();
        _daemon?.Dispose();
        _daemon = null;
        File.Delete(Path.Combine(_folder, "pid"));
    }

    /// <summary>The router loses power: everything it knew is gone.</summary>
    public async Task RestartAsync()
    {
        Kill();
        Flush();
        File.WriteAllText(LeaseFile, "");
        await StartAsync();
    }

    /// <summary>The mappings vanish behind the daemon's back.</summary>
    public void Flush()
    {
        foreach (string chain in new[] { "miniupnpd", "prerouting_miniupnpd", "postrouting_miniupnpd" })
        {
            Nft($"flush chain inet filter {chain}\n");
        }
    }

    /// <summary>What the router does not hear from now on: nft matches, such as <c>udp dport 5351</c>.</summary>
    public void Silence(params IEnumerable<string> matches)
        => Nft("flush chain inet silence input\n"
            + string.Concat(matches.Select(match => $"add rule inet silence input {match} drop\n")));

    /// <summary>From now on nobody hears what the router announces of itself.</summary>
    public void Gag() => Nft("add rule inet silence output udp dport 5350 drop\n");

    /// <summary>Whether the stranger's connection to the router's port reaches this listener of the device.</summary>
    public async Task<bool> ReachesAsync(int externalPort, Socket listener)
    {
        using Socket stranger = Wan.Open(SocketType.Stream, ProtocolType.Tcp);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));

        try
        {
            await stranger.ConnectAsync(new IPEndPoint(IPAddress.Parse(_external), externalPort), patience.Token);
            using Socket accepted = await listener.AcceptAsync(patience.Token);
            return ((IPEndPoint)accepted.RemoteEndPoint!).Port == ((IPEndPoint)stranger.LocalEndPoint!).Port;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>A listener of the device.</summary>
    public Socket Listen(int port)
    {
        Socket socket = Lan.Open(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(Device, port));
        socket.Listen();
        return socket;
    }

    public void Dispose()
    {
        Kill();
        Lan.Dispose();
        Gateway.Dispose();
        Wan.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Hear(string? line, TaskCompletionSource listens)
    {
        if (line?.Contains("Listening for NAT-PMP/PCP", StringComparison.Ordinal) == true)
        {
            _ = listens.TrySetResult();
        }
    }

    private void Nft(string rules)
    {
        string file = Path.Combine(_folder, "rules");
        File.WriteAllText(file, rules);
        _ = Gateway.Execute("nft", "-f", file);
    }
}
