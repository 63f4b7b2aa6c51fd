namespace Swarm.Node;

/// <summary>Where a node keeps its key and says that it runs: one folder per swarm and node.</summary>
internal static class NodeFolder
{
    /// <summary>The folder to use when none is named, in the platform's place for application data.</summary>
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
        try
        {
            Make(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Failed(
                $"'{folder}' cannot be made a folder for the node's key: choose another with --data-dir.");
        }
    }

    private static void Make(string folder)
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
        => swarm.All(IsPlain)
            ? swarm
            : string.Concat(swarm.Select(letter => IsPlain(letter) ? letter : '_')) + $"-{StableHash(swarm):x8}";

    private static bool IsPlain(char letter) => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_';

    // FNV-1a: two swarm names that differ only in what a folder cannot hold stay apart.
    private static uint StableHash(string text)
        => text.Aggregate(2166136261u, (hash, letter) => unchecked((hash ^ letter) * 16777619u));
}
