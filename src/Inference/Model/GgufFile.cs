using Microsoft.Win32.SafeHandles;

namespace Swarm.Inference.Model;

/// <summary>
/// One GGUF file, or a split set seen as one: metadata, tensor list, and weights read by position. Nothing is
/// mapped, so a file that shrinks meanwhile gives an error and not a crash.
/// </summary>
public sealed class GgufFile : IDisposable
{
    private readonly (SafeFileHandle File, long DataStart)[] _parts;
    private readonly Dictionary<string, GgufTensor> _byName;

    internal GgufFile(
        GgufMetadata metadata,
        IReadOnlyList<GgufTensor> tensors,
        ReadOnlyMemory<byte> header,
        (SafeFileHandle File, long DataStart)[] parts)
    {
        Metadata = metadata;
        Tensors = tensors;
        Header = header;
        _parts = parts;
        _byName = tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>What the file says about itself.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>Its tensors in the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Metadata and tensor list as bytes; of a split set, those of the one file it stands for.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>Whether the weights are there, or only the header.</summary>
    public bool HasWeights => _parts.Length > 0;

    /// <summary>What the file system says now, of each part.</summary>
    public IReadOnlyList<FileStamp> Stamps => [.. _parts.Select(part => new FileStamp(
        RandomAccess.GetLength(part.File), File.GetLastWriteTimeUtc(part.File)))];

    /// <summary>Opens a file, or a split set by its first part.</summary>
    /// <exception cref="GgufException">The file is missing or no sound model; the message says what to do.</exception>
    public static GgufFile Open(string path) => GgufParts.Open(path);

    /// <summary>Metadata and tensor list of a file that is elsewhere; its weights cannot be read.</summary>
    /// <exception cref="GgufException">The header is not sound.</exception>
    public static GgufFile FromHeader(ReadOnlyMemory<byte> header)
    {
        GgufHeader read = GgufReader.Read(new HeaderBytes(header), headerOnly: true);

        return read.Bytes.Length == header.Length
            ? new GgufFile(read.Metadata, read.Tensors, read.Bytes, [])
            : throw new GgufException("header", $"{header.Length - read.Bytes.Length} bytes follow its last field.");
    }

    /// <summary>The tensor called <paramref name="name"/>; null when there is none.</summary>
    public GgufTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Fills <paramref name="into"/> from a tensor's bytes, from <paramref name="offset"/> on.</summary>
    /// <exception cref="GgufException">The file became shorter, or cannot be read.</exception>
    public void Read(GgufTensor tensor, long offset, Span<byte> into)
    {
        if (offset < 0 || offset > tensor.Bytes - into.Length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"outside of {tensor.Name}");
        }

        if (!HasWeights)
        {
            throw new InvalidOperationException("Only the header of this model is here, not its weights.");
        }

        (SafeFileHandle file, long dataStart) = _parts[tensor.Part];
        long position = dataStart + tensor.Offset + offset;

        while (!into.IsEmpty)
        {
            int read = ReadSome(file, tensor, into, position);

            if (read == 0)
            {
                throw new GgufException(tensor.Name, "the file became shorter while it was read; copy it again.");
            }

            into = into[read..];
            position += read;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((SafeFileHandle file, _) in _parts)
        {
            file.Dispose();
        }
    }

    private static int ReadSome(SafeFileHandle file, GgufTensor tensor, Span<byte> into, long position)
    {
        try
        {
            return RandomAccess.Read(file, into, position);
        }
        catch (IOException cause)
        {
            throw new GgufException(tensor.Name, $"the file cannot be read: {cause.Message}", cause);
        }
    }
}
