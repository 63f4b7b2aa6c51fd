using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Swarm.Protocol.Identity;

/// <summary>Files that only their owner may read, written whole or not at all.</summary>
internal static class SecretFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The text of a secret file.</summary>
    /// <exception cref="IdentityException">Others can read the file, or it is larger than any key file.</exception>
    internal static string Read(string path, int bytesMax)
    {
        using FileStream file = File.OpenRead(path);

        if (!OperatingSystem.IsWindows())
        {
            UnixFileMode mode = File.GetUnixFileMode(file.SafeFileHandle);

            if ((mode & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0)
            {
                throw new IdentityException($"{path} can be read by others; run: chmod 600 \"{path}\"");
            }
        }

        if (file.Length > bytesMax)
        {
            throw new IdentityException($"{path} is too large to be a key file.");
        }

        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }

    /// <summary>Makes the file unless it is there: whoever comes second finds a whole one, never half of one.</summary>
    internal static void Create(string path, string text)
    {
        string part = WritePart(path, text);

        // On Unix a move that must not overwrite looks first and renames then: between the two another can come.
        // A link is made only where nothing is; file systems without links (FAT) are left with the move.
        if (!OperatingSystem.IsWindows() && Link(Unix(part), Unix(path)) == 0)
        {
            File.Delete(part);
            return;
        }

        try
        {
            File.Move(part, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(part);
        }
    }

    /// <summary>Puts this text in the place of the old one.</summary>
    internal static void Replace(string path, string text) => File.Move(WritePart(path, text), path, overwrite: true);

    // Written beside its place, so that the move is one step.
    private static string WritePart(string path, string text)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string part = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.part";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };

        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using var writer = new StreamWriter(part, options);
        writer.WriteLine(text);
        return part;
    }

    private static byte[] Unix(string path) => Encoding.UTF8.GetBytes(path + '\0');

    [DllImport("libc", EntryPoint = "link")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Link(byte[] existing, byte[] fresh);
}
