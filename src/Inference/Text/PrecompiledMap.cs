using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>
/// SentencePiece's precompiled normalisation: a double-array trie (XOR-compressed, 4-byte units) over the beginnings of
/// a text, and what each is replaced by.
/// </summary>
internal sealed class PrecompiledMap
{
    private const string Key = "tokenizer.ggml.precompiled_charsmap";

    // The longest that normalisation forms have is 33.
    private const int ReplacementBytesMax = 64;

    private readonly uint[] _units;
    private readonly byte[] _replacements;

    private PrecompiledMap(ReadOnlySpan<byte> bytes)
    {
        int size = bytes.Length >= sizeof(uint) ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : -1;

        if (size < sizeof(uint) || size % sizeof(uint) != 0 || size > bytes.Length - sizeof(uint) || bytes[^1] != 0)
        {
            throw new GgufException(Key, "the map is cut off or no map at all; convert the model again.");
        }

        _units = new uint[size / sizeof(uint)];

        for (int i = 0; i < _units.Length; i++)
        {
            _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(sizeof(uint) * (i + 1))..]);
        }

        _replacements = bytes[(sizeof(uint) + size)..].ToArray();
    }

    /// <summary>The map of a file; null when it has none.</summary>
    /// <exception cref="GgufException">It is cut off.</exception>
    public static PrecompiledMap? Of(GgufMetadata metadata)
    {
        GgufValue? map = metadata.Array(Key);

        if (map is null || map.Count == 0)
        {
            return null;
        }

        return map.ElementType is GgufValueType.I8 or GgufValueType.U8
            ? new PrecompiledMap(map.Raw.Span)
            : throw new GgufException(Key, $"the file holds {map.ElementType}, not bytes; convert the model again.");
    }

    /// <summary>The text with every beginning replaced that the map knows, the longest first.</summary>
    /// <exception cref="GgufException">The map leads out of itself.</exception>
    public string Apply(string text)
    {
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(text);
        var output = new ArrayBufferWriter<byte>(bytes.Length + 1);

        while (bytes.Length > 0)
        {
            int length = Longest(bytes, out int replacement);

            if (length > 0)
            {
                ReadOnlySpan<byte> rest = _replacements.AsSpan(replacement);
                int count = rest.IndexOf((byte)0);
                output.Write(count <= ReplacementBytesMax ? rest[..count] : throw Broken());
            }
            else
            {
                _ = Rune.DecodeFromUtf8(bytes, out _, out length);
                output.Write(bytes[..length]);
            }

            bytes = bytes[length..];
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>How many bytes the longest known beginning has, and where its replacement starts; 0 for none.</summary>
    private int Longest(ReadOnlySpan<byte> bytes, out int replacement)
    {
        int longest = 0;
        replacement = 0;
        uint node = Base(Unit(0));

        for (int i = 0; i < bytes.Length && bytes[i] != 0; i++)
        {
            node ^= bytes[i];
            uint unit = Unit(node);

            // The label of a unit is its lowest byte; the highest bit marks a value.
            if ((unit & 0x8000_00FF) != bytes[i])
            {
                break;
            }

            node ^= Base(unit);

            if ((unit & 0x100) != 0)
            {
                longest = i + 1;
                replacement = (int)(Unit(node) & 0x7FFF_FFFF);
            }
        }

        return replacement < _replacements.Length || longest == 0 ? longest : throw Broken();
    }

    private static uint Base(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);

    private uint Unit(uint index) => index < _units.Length ? _units[index] : throw Broken();

    private static GgufException Broken() => new(Key, "the map leads out of itself; convert the model again.");
}
