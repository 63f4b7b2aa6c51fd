using System.Diagnostics;
using NUnit.Framework;

namespace Swarm.Localhost.Tests.Lan;

/// <summary>
/// Hosts and the networks between them, as network namespaces and bridges of this machine. Nothing leaves it. Needs
/// Linux and root.
/// </summary>
internal sealed class NetworkLab : IDisposable
{
    // Several runs on one machine must not meet.
    private readonly string _prefix = $"sw{Environment.ProcessId}";
    private readonly List<string> _spaces = [];

    /// <param name="bridges">How many networks there are.</param>
    public NetworkLab(int bridges = 1)
    {
        Switch = AddSpace("switch");

        for (int bridge = 0; bridge < bridges; bridge++)
        {
            Ip("-n", Switch, "link", "add", $"br{bridge}", "type", "bridge", "mcast_snooping", "0");
            Ip("-n", Switch, "link", "set", $"br{bridge}", "up");
        }
    }

    private string Switch { get; }

    /// <summary>Leaves the test unrun where there can be no laboratory.</summary>
    /// <param name="programs">What must be installed.</param>
    public static void RequireOrIgnore(params string[] programs)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("Not run: network namespaces need Linux and root.");
        }

        string[] folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

        foreach (string program in (string[])["ip", .. programs])
        {
            if (!folders.Any(folder => File.Exists(Path.Combine(folder, program))))
            {
                Assert.Ignore($"Not run: '{program}' is not installed (Debian: iproute2 avahi-daemon avahi-utils dbus).");
            }
        }

        if (TryRun("ip", "netns", "add", $"sw{Environment.ProcessId}try") is { Length: > 0 } refusal)
        {
            Assert.Ignore($"Not run: no network namespaces here: {refusal}");
        }

        _ = TryRun("ip", "netns", "del", $"sw{Environment.ProcessId}try");
    }

    /// <summary>A host that is on no network yet.</summary>
    public string AddHost(string name) => AddSpace(name);

    /// <summary>Plugs a host into a network.</summary>
    /// <param name="space">The host.</param>
    /// <param name="bridge">Which network.</param>
    /// <param name="device">The interface's name on the host.</param>
    /// <param name="address">With the length of its prefix; null for what IPv6 gives itself.</param>
    public void Plug(string space, int bridge, string device, string? address)
    {
        string port = $"p{_spaces.IndexOf(space)}{device}";
        Ip("-n", Switch, "link", "add", port, "type", "veth", "peer", "name", device, "netns", space);
        Ip("-n", Switch, "link", "set", port, "master", $"br{bridge}", "up");

        if (address is not null)
        {
            Ip(["-n", space, "addr", "add", address, "dev", device, .. address.Contains(':') ? (string[])["nodad"] : []]);
        }

        Ip("-n", space, "link", "set", device, "up");
    }

    /// <summary>Pulls a host's cable.</summary>
    public static void Unplug(string space, string device) => Ip("-n", space, "link", "set", device, "down");

    /// <summary>A host with one interface, eth0, on the first network.</summary>
    public string AddHost(string name, string address)
    {
        string space = AddHost(name);
        Plug(space, 0, "eth0", address);
        return space;
    }

    public void Dispose()
    {
        foreach (string space in _spaces)
        {
            _ = TryRun("ip", "netns", "del", space);
        }
    }

    private static void Ip(params string[] arguments)
    {
        if (TryRun("ip", arguments) is { Length: > 0 } refusal)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {refusal}");
        }
    }

    // What it complained of; empty when it went well.
    private static string TryRun(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string complaint = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? "" : $"exit code {process.ExitCode} {complaint.Trim()}";
    }

    private string AddSpace(string name)
    {
        string space = $"{_prefix}{name}";
        Ip("netns", "add", space);
        _spaces.Add(space);
        Ip("-n", space, "link", "set", "lo", "up");

        // An address is used at once, not after a second of looking for its double.
        _ = TryRun("ip", "netns", "exec", space, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0");
        return space;
    }
}
