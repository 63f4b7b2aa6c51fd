using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Swarm.Node;

/// <summary>What a running node leaves in its folder, so that commands on the same machine find it.</summary>
/// <param name="Address">Where it can be dialled from this machine, <c>node@host:port</c>.</param>
/// <param name="Swarm">The swarm it belongs to.</param>
/// <param name="Name">Its name, for people.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="ControlToken">Proves to the node that the asker can read its folder, in hexadecimal.</param>
/// <param name="KeyFile">Where the keys of its swarm are; null when that is public.</param>
/// <param name="Model">What people call the model it serves.</param>
internal sealed record LocalNode(
    string Address,
    string Swarm,
    string Name,
    int ProcessId,
    string ControlToken,
    string? KeyFile = null,
    string? Model = null)
{
    private const string FileName = "node.json";

    // A few short strings: anything longer was not written by a node.
    private const int FileBytesMax = 64 * 1024;

    /// <summary>Whether its process still runs.</summary>
    [JsonIgnore]
    public bool IsRunning
    {
        get
        {
            try
            {
                using var process = Process.GetProcessById(ProcessId);
                return !process.HasExited;
            }
            catch (Exception exception) when (
                exception is ArgumentException or InvalidOperationException or Win32Exception)
            {
                return false;
            }
        }
    }

    /// <summary>The node that runs from this folder, or null.</summary>
    public static LocalNode? Find(string folder)
    {
        string path = Path.Combine(folder, FileName);

        try
        {
            if (!File.Exists(path) || new FileInfo(path).Length > FileBytesMax)
            {
                return null;
            }

            LocalNode? node = JsonSerializer.Deserialize(File.ReadAllBytes(path), LocalNodeJson.Default.LocalNode);
            bool isWhole = node is { Address: not null, Swarm: not null, ControlToken: not null };
            return isWhole && node!.IsRunning ? node : null;
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes the file, readable by its owner only, whole or not at all.</summary>
    public void Write(string folder)
    {
        string path = Path.Combine(folder, FileName);
        string draft = string.Create(CultureInfo.InvariantCulture, $"{path}.{ProcessId}");
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };

        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(draft, options))
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(this, LocalNodeJson.Default.LocalNode));
        }

        File.Move(draft, path, overwrite: true);
    }

    /// <summary>Takes the file away again.</summary>
    public static void Remove(string folder) => File.Delete(Path.Combine(folder, FileName));
}

/// <summary>Reads and writes <see cref="LocalNode"/> without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LocalNode))]
internal sealed partial class LocalNodeJson : JsonSerializerContext;
