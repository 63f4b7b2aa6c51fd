namespace Swarm.Testing;

/// <summary>
/// The conformance kit: reference files that the repository does not ship. Environment variable SWARM_KIT names its
/// folder, otherwise it lies at ../shared/kit beside the repository. Its absence is a failure where it is named so, and
/// with SWARM_KIT_REQUIRED=1.
/// </summary>
public static class Kit
{
    /// <summary>The kit's folder; null when there is none.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>Whether a missing kit fails the tests instead of leaving them unrun.</summary>
    public static bool IsRequired { get; } = Environment.GetEnvironmentVariable("SWARM_KIT_REQUIRED") == "1"
        || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("SWARM_KIT"));

    /// <summary>Files of a folder of the kit that match, in a fixed order; none without a kit.</summary>
    public static IReadOnlyList<string> Files(string folder, string pattern, bool recursive = false)
    {
        string path = Path.Combine(Folder ?? "", folder);
        SearchOption depth = recursive ? SearchOption.AllDirectories : SearchOption.TopDirectoryOnly;

        return Folder is not null && Directory.Exists(path)
            ? [.. Directory.EnumerateFiles(path, pattern, depth).Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>The full path of a file of the kit.</summary>
    public static string PathOf(params string[] parts)
        => Path.Combine([Folder ?? throw new InvalidOperationException("There is no kit here."), .. parts]);

    private static string? Find()
    {
        string? named = Environment.GetEnvironmentVariable("SWARM_KIT");

        if (!string.IsNullOrEmpty(named))
        {
            return Directory.Exists(named) ? Path.GetFullPath(named) : null;
        }

        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Swarm.sln")))
            {
                string beside = Path.GetFullPath(Path.Combine(folder, "..", "shared", "kit"));
                return Directory.Exists(beside) ? beside : null;
            }
        }

        return null;
    }
}
