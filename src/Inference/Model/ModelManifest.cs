using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace Swarm.Inference.Model;

/// <summary>
/// What a model is: its header's hash, and of every tensor place, shape and hash. Two files with the same manifest
/// hash give the same answers; a model's name is only an alias of it.
/// </summary>
/// <remarks>
/// Written little-endian, always in the same way, so that its hash identifies the model:
/// <code>
/// 'SWMF' | u32 version 1 | u64 header bytes | 32 header hash | u32 tensors
/// each:   u16 name bytes | name | u32 type | u8 dimensions | u64 each | u64 offset | u64 bytes | 32 hash
/// </code>
/// </remarks>
public sealed class ModelManifest
{
    private const uint Magic = 0x464D5753;
    private const uint Version = 1;
    private const int HashBytes = SHA256.HashSizeInBytes;

    /// <summary>Bytes of a manifest: the tensors of the largest models, four times over.</summary>
    public const int BytesMax = 4 * 1024 * 1024;

    private readonly byte[] _bytes;
    private readonly FrozenDictionary<string, ManifestEntry> _byName;

    private ModelManifest(byte[] headerHash, long headerBytes, IReadOnlyList<ManifestEntry> tensors, byte[] bytes)
    {
        HeaderHash = headerHash;
        HeaderBytes = headerBytes;
        Tensors = tensors;
        _bytes = bytes;
        _byName = tensors.ToFrozenDictionary(entry => entry.Name, StringComparer.Ordinal);
        Hash = SHA256.HashData(bytes);
    }

    /// <summary>The model's identity: SHA-256 of the manifest.</summary>
    public ReadOnlyMemory<byte> Hash { get; }

    /// <summary>SHA-256 of the file's header: metadata, tokenizer and tensor list.</summary>
    public ReadOnlyMemory<byte> HeaderHash { get; }

    /// <summary>How long that header is.</summary>
    public long HeaderBytes { get; }

    /// <summary>The tensors in the order of the file.</summary>
    public IReadOnlyList<ManifestEntry> Tensors { get; }

    /// <summary>The tensor called <paramref name="name"/>; null when there is none.</summary>
    public ManifestEntry? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The manifest as bytes, the same for the same model.</summary>
    public ReadOnlyMemory<byte> Serialize() => _bytes;

    /// <summary>Whether <paramref name="header"/> is the header this manifest names.</summary>
    public bool IsHeader(ReadOnlySpan<byte> header)
        => header.Length == HeaderBytes && SHA256.HashData(header).AsSpan().SequenceEqual(HeaderHash.Span);

    /// <summary>Reads a manifest and checks every length in it.</summary>
    /// <exception cref="GgufException">It is no manifest, or not in the one form it is written in.</exception>
    public static ModelManifest Parse(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > BytesMax)
        {
            throw Wrong($"it has {bytes.Length:N0} bytes; {BytesMax:N0} are the most");
        }

        var reader = new Reader(bytes);

        if (reader.UInt32() != Magic || reader.UInt32() != Version)
        {
            throw Wrong("it is of another kind or version");
        }

        long headerBytes = reader.Size(GgufLimits.HeaderBytesMax);
        byte[] headerHash = reader.Take(HashBytes).ToArray();
        uint count = reader.UInt32();
        var tensors = new List<ManifestEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);

        for (uint i = 0; i < count; i++)
        {
            ManifestEntry entry = Entry(ref reader);

            if (!names.Add(entry.Name))
            {
                throw Wrong($"tensor '{entry.Name}' appears twice");
            }

            tensors.Add(entry);
        }

        if (!reader.AtEnd)
        {
            throw Wrong("bytes follow its last tensor");
        }

        return new ModelManifest(headerHash, headerBytes, tensors, bytes.ToArray());
    }

    /// <summary>The manifest of a model.</summary>
    internal static ModelManifest Of(ReadOnlySpan<byte> header, IReadOnlyList<ManifestEntry> tensors)
    {
        byte[] headerHash = SHA256.HashData(header);
        var writer = new ArrayBufferWriter<byte>();
        UInt32(writer, Magic);
        UInt32(writer, Version);
        UInt64(writer, header.Length);
        writer.Write(headerHash);
        UInt32(writer, (uint)tensors.Count);

        foreach (ManifestEntry entry in tensors)
        {
            byte[] name = Encoding.UTF8.GetBytes(entry.Name);
            writer.Write([(byte)name.Length, (byte)(name.Length >> 8)]);
            writer.Write(name);
            UInt32(writer, (uint)entry.Type);
            writer.Write([(byte)entry.Dimensions.Count]);

            foreach (long dimension in entry.Dimensions)
            {
                UInt64(writer, dimension);
            }

            UInt64(writer, entry.Offset);
            UInt64(writer, entry.Bytes);
            writer.Write(entry.Hash.Span);
        }

        return new ModelManifest(headerHash, header.Length, tensors, writer.WrittenSpan.ToArray());
    }

    private static ManifestEntry Entry(ref Reader reader)
    {
        int nameBytes = BinaryPrimitives.ReadUInt16LittleEndian(reader.Take(sizeof(ushort)));

        if (nameBytes is 0 or > GgufLimits.NameBytesMax)
        {
            throw Wrong($"a tensor's name has {nameBytes} bytes");
        }

        string name = Encoding.UTF8.GetString(reader.Take(nameBytes));
        uint type = reader.UInt32();
        int count = reader.Take(1)[0];

        if (!GgmlTypes.IsKnown(type) || count is 0 or > GgufLimits.DimensionsMax)
        {
            throw Wrong($"tensor '{name}' is of type {type} with {count} dimensions");
        }

        long[] dimensions = new long[count];
        Int128 elements = 1;

        for (int i = 0; i < count; i++)
        {
            dimensions[i] = reader.Size(GgufLimits.DimensionMax);
            elements *= dimensions[i];

            if (elements == 0 || elements > GgufLimits.ElementsMax)
            {
                throw Wrong($"tensor '{name}' has no element or too many");
            }
        }

        long offset = reader.Size(long.MaxValue / 2);
        long bytes = reader.Size(long.MaxValue / 2);
        byte[] hash = reader.Take(HashBytes).ToArray();
        var entry = new ManifestEntry(name, (GgmlType)type, dimensions, offset, bytes, hash);

        if (dimensions[0] % entry.Type.ElementsPerBlock != 0 || entry.Type.BytesOf((long)elements) != bytes)
        {
            throw Wrong($"tensor '{name}' has {bytes} bytes, which is not its shape");
        }

        return entry;
    }

    private static void UInt32(ArrayBufferWriter<byte> writer, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(writer.GetSpan(sizeof(uint)), value);
        writer.Advance(sizeof(uint));
    }

    private static void UInt64(ArrayBufferWriter<byte> writer, long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(writer.GetSpan(sizeof(long)), value);
        writer.Advance(sizeof(long));
    }

    private static GgufException Wrong(string problem) => new("manifest", $"{problem}; fetch it from another node.");

    private ref struct Reader(ReadOnlyMemory<byte> bytes)
    {
        private ReadOnlySpan<byte> _left = bytes.Span;

        public readonly bool AtEnd => _left.IsEmpty;

        public ReadOnlySpan<byte> Take(int count)
        {
            if (count > _left.Length)
            {
                throw Wrong("it ends too early");
            }

            ReadOnlySpan<byte> taken = _left[..count];
            _left = _left[count..];
            return taken;
        }

        public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

        public long Size(long most)
        {
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));
            return value <= (ulong)most ? (long)value : throw Wrong($"a size of {value} is beyond {most}");
        }
    }
}
