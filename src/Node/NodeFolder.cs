namespace Swarm.Node;

/// <summary>Where a node keeps its key and says that it runs: one folder per swarm and node.</summary>
internal static class NodeFolder
{
    /// <summary>The folder to use when none is named, under the platform's place for a user's application data.</summary>
    public static string Default(string swarm)
    {
        string home = Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData,
            Environment.SpecialFolderOption.DoNotVerify);

        return Path.Combine(home, "swarm", FileNameOf(swarm));
    }

    /// <summary>Makes the folder if there is none; only its owner may look inside.</summary>
    public static void Ensure(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(folder);
        }
        else
        {
            _ = Directory.CreateDirectory(
                folder,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    // A swarm may be called anything; its folder may not.
    private static string FileNameOf(string swarm)
        => string.Concat(swarm.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' ? letter : '_'))
            + (swarm.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_') ? "" : $"-{StableHash(swarm):x8}");

    // FNV-1a: two swarm names that differ only in what a folder cannot hold stay apart.
    private static uint StableHash(string text)
        => text.Aggregate(2166136261u, (hash, letter) => unchecked((hash ^ letter) * 16777619u));
}
