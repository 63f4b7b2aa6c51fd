using System.Globalization;

namespace Swarm.Soak;

/// <summary>What this process holds of the system, as Linux counts it.</summary>
/// <param name="Handles">Open files of every kind.</param>
/// <param name="Sockets">Those of them that are sockets.</param>
/// <param name="Connections">Rows of the kernel's TCP tables that belong to these sockets.</param>
/// <param name="Threads">Threads.</param>
/// <param name="HeapBytes">What the garbage collector could not let go of.</param>
/// <param name="ResidentBytes">Memory in the machine, most of which the runtime keeps for later.</param>
internal sealed record ProcessFootprint(
    int Handles, int Sockets, int Connections, int Threads, long HeapBytes, long ResidentBytes)
{
    private const int InodeColumn = 9;

    public static ProcessFootprint Take()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        string?[] targets = [.. Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(Target)];
        HashSet<string> sockets = [.. targets
            .OfType<string>()
            .Where(target => target.StartsWith("socket:[", StringComparison.Ordinal))
            .Select(target => target["socket:[".Length..^1])];
        string[] tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        int connections = tables.Where(File.Exists).SelectMany(table => File.ReadLines(table).Skip(1)).Count(row =>
            sockets.Contains(row.Split(' ', StringSplitOptions.RemoveEmptyEntries)[InodeColumn]));

        return new ProcessFootprint(
            targets.Count(target => target is not null),
            sockets.Count,
            connections,
            Directory.EnumerateDirectories("/proc/self/task").Count(),
            GC.GetTotalMemory(forceFullCollection: true),
            Environment.WorkingSet);
    }

    public override string ToString()
        => string.Create(
            CultureInfo.InvariantCulture,
            $"{Handles} handles, {Sockets} sockets ({Connections} TCP), {Threads} threads, "
                + $"{HeapBytes / 1024.0:F0} KiB of heap, {ResidentBytes / 1048576.0:F0} MiB resident");

    // Null for what was closed while we looked, as the folder itself is.
    private static string? Target(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
