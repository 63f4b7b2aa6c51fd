using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Swarm.Inference.Model;

namespace Swarm.Node;

/// <summary>
/// Manifests of files that were hashed before, in a node's folder: a large file is read whole once, not at every start.
/// </summary>
/// <remarks>
/// A file counts as the same while its path, lengths and times of writing are. An entry is 32 bytes of hash over
/// these, 32 of hash over the manifest, then the manifest; one that is broken in any way is as good as none.
/// </remarks>
internal sealed class ManifestCache(string folder, TimeProvider time)
{
    // File systems note times of writing as coarsely as 2 s (FAT): whatever was written just now may change unnoticed.
    private static readonly TimeSpan AgeMin = TimeSpan.FromSeconds(2);

    /// <summary>The manifest of a file, from the cache or from reading all of it.</summary>
    public ModelManifest Of(string path, ModelFile file, IProgress<double>? progress)
    {
        string entry = EntryOf(path);
        IReadOnlyList<FileStamp> stamps = file.Stamps;

        if (Find(entry, Key(path, stamps), file) is { } known)
        {
            return known;
        }

        ModelManifest manifest = file.ComputeManifest(progress);
        bool isAtRest = stamps.All(stamp => time.GetUtcNow().UtcDateTime - stamp.Written >= AgeMin);

        if (isAtRest && stamps.SequenceEqual(file.Stamps))
        {
            TryKeep(entry, Key(path, stamps), manifest);
        }

        return manifest;
    }

    /// <summary>Where the manifest of a file is kept.</summary>
    internal string EntryOf(string path)
        => Path.Combine(
            folder,
            "manifests",
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(path)))[..16]));

    private static ModelManifest? Find(string entry, byte[] key, ModelFile file)
    {
        try
        {
            if (!File.Exists(entry)
                || new FileInfo(entry).Length is < 2 * SHA256.HashSizeInBytes
                    or > (2 * SHA256.HashSizeInBytes) + ModelManifest.BytesMax)
            {
                return null;
            }

            byte[] bytes = File.ReadAllBytes(entry);
            ReadOnlyMemory<byte> kept = bytes.AsMemory(2 * SHA256.HashSizeInBytes);
            bool isSound = bytes.AsSpan(0, SHA256.HashSizeInBytes).SequenceEqual(key)
                && bytes.AsSpan(SHA256.HashSizeInBytes, SHA256.HashSizeInBytes)
                    .SequenceEqual(SHA256.HashData(kept.Span));

            return isSound && ModelManifest.Parse(kept) is { } manifest && manifest.IsHeader(file.Header.Span)
                ? manifest
                : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or GgufException)
        {
            return null;
        }
    }

    // Whole or not at all; where nothing can be written, the next start takes as long as this one.
    private void TryKeep(string entry, byte[] key, ModelManifest manifest)
    {
        string draft = $"{entry}.{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";

        try
        {
            NodeFolder.Ensure(folder);
            NodeFolder.Ensure(Path.GetDirectoryName(entry)!);
            ReadOnlyMemory<byte> bytes = manifest.Serialize();
            File.WriteAllBytes(draft, [.. key, .. SHA256.HashData(bytes.Span), .. bytes.Span]);
            File.Move(draft, entry, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CommandException)
        {
            if (File.Exists(draft))
            {
                File.Delete(draft);
            }
        }
    }

    private static byte[] Key(string path, IEnumerable<FileStamp> stamps)
    {
        IEnumerable<string> lines = stamps.Select(stamp => string.Create(
            CultureInfo.InvariantCulture, $"{stamp.Bytes} {stamp.Written.Ticks}"));
        return SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines.Prepend(Path.GetFullPath(path)))));
    }
}
