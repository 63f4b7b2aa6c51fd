using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Testing.Nat;

/// <summary>A network of its own within this machine (Linux, root), gone with the test.</summary>
public sealed class NetworkNamespace : IDisposable
{
    private const int NewNetwork = 0x40000000;

    private static readonly string[] ProgramFolders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    private readonly string _name;

    public NetworkNamespace(string name)
    {
        _name = name;
        Run("ip", "netns", "add", name);
        Ip("link", "set", "lo", "up");
    }

    public string Name => _name;

    /// <summary>Why tests in namespaces cannot run here, or null when they can.</summary>
    public static string? Obstacle(params string[] programs)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            return "network namespaces need Linux and root";
        }

        string[] missing = [.. programs.Append("ip").Where(program => Find(program) is null)];

        return missing.Length == 0 ? null : $"{string.Join(", ", missing)} not installed (tools/test as root does)";
    }

    /// <summary>Joins two namespaces by a cable; each end has a name and an address with its prefix.</summary>
    public static void Join(
        NetworkNamespace one,
        string oneEnd,
        string oneAddress,
        NetworkNamespace other,
        string otherEnd,
        string otherAddress)
    {
        one.Ip("link", "add", oneEnd, "type", "veth", "peer", "name", otherEnd, "netns", other.Name);
        one.Ip("addr", "add", oneAddress, "dev", oneEnd);
        one.Ip("link", "set", oneEnd, "up");
        other.Ip("addr", "add", otherAddress, "dev", otherEnd);
        other.Ip("link", "set", otherEnd, "up");
    }

    /// <summary>Runs <c>ip</c> within.</summary>
    public void Ip(params string[] arguments) => Run("ip", ["-n", _name, .. arguments]);

    /// <summary>Runs a program within, to its end; answers what it wrote.</summary>
    public string Execute(string program, params string[] arguments)
        => Run("ip", ["netns", "exec", _name, program, .. arguments]);

    /// <summary>How to start a program within.</summary>
    public string[] Inside(params IEnumerable<string> command) => ["ip", "netns", "exec", _name, .. command];

    /// <summary>A socket of this network, whatever thread asks.</summary>
    public Socket Open(SocketType type, ProtocolType protocol)
    {
        using SafeFileHandle home = Network("/proc/thread-self/ns/net");
        using SafeFileHandle here = Network($"/run/netns/{_name}");
        Enter(here);

        try
        {
            return new Socket(AddressFamily.InterNetwork, type, protocol);
        }
        finally
        {
            Enter(home);
        }
    }

    public void Dispose() => Run("ip", "netns", "del", _name);

    private static string? Find(string program)
        => ProgramFolders
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();

        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors}{output}");
    }

    private static SafeFileHandle Network(string path)
        => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);

    private static void Enter(SafeFileHandle network)
    {
        if (SetNamespace(network.DangerousGetHandle().ToInt32(), NewNetwork) != 0)
        {
            throw new InvalidOperationException($"setns failed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int SetNamespace(int descriptor, int kind);
}
