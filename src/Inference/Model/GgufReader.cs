using System.Buffers.Binary;
using System.Text;

namespace Swarm.Inference.Model;

/// <summary>
/// Reads a header with suspicion: every count, length and offset is checked against a limit and against
/// the bytes that are really there before anything is allocated for it.
/// </summary>
internal sealed class GgufReader
{
    /// <summary>The four letters every model file starts with.</summary>
    public const uint Magic = 0x46554747;

    /// <summary>The version written; version 2 has the same layout and is read too.</summary>
    public const uint Version = 3;

    /// <summary>The entry that says how tensors are aligned.</summary>
    public const string AlignmentKey = "general.alignment";

    // The least an entry takes: key length, one byte of key, type, one byte of value.
    private const int EntryBytesMin = 8 + 1 + 4 + 1;

    // The least a tensor takes: name length, one byte of name, dimension count, one dimension, type, offset.
    private const int TensorBytesMin = 8 + 1 + 4 + 8 + 4 + 8;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly HeaderBytes _bytes;
    private readonly bool _headerOnly;
    private int _at;

    private GgufReader(HeaderBytes bytes, bool headerOnly)
    {
        _bytes = bytes;
        _headerOnly = headerOnly;
    }

    /// <summary>Reads a header; <paramref name="headerOnly"/> when no data is there to be checked.</summary>
    /// <exception cref="GgufException">A field is not what the format allows.</exception>
    public static GgufHeader Read(HeaderBytes bytes, bool headerOnly) => new GgufReader(bytes, headerOnly).Read();

    private GgufHeader Read()
    {
        ReadMagicAndVersion();
        ulong tensorCount = UInt64("tensor count");
        ulong entryCount = UInt64("metadata count");
        CheckCount("tensor count", tensorCount, GgufLimits.TensorsMax, TensorBytesMin);
        CheckCount("metadata count", entryCount, GgufLimits.EntriesMax, EntryBytesMin);

        var drafts = new List<Draft>();
        var keys = new HashSet<string>(StringComparer.Ordinal);

        for (ulong i = 0; i < entryCount; i++)
        {
            drafts.Add(Entry(i, keys));
        }

        int alignment = ReadAlignment(drafts);
        List<GgufTensor> tensors = Tensors((int)tensorCount, alignment);

        ReadOnlyMemory<byte> header = _bytes.Take(_at);
        var values = new Dictionary<string, GgufValue>(drafts.Count, StringComparer.Ordinal);

        foreach (Draft draft in drafts)
        {
            values.Add(draft.Key, draft.Bind(header));
        }

        var metadata = new GgufMetadata([.. drafts.Select(draft => draft.Key)], values);
        var result = new GgufHeader(metadata, tensors, alignment, header);
        CheckData(result);
        return result;
    }

    private void ReadMagicAndVersion()
    {
        if (_bytes.Length == 0)
        {
            throw new GgufException("magic", "the file is empty; download or copy it again.");
        }

        if (_bytes.Length < sizeof(uint) || UInt32("magic") != Magic)
        {
            throw new GgufException(
                "magic", "this is no GGUF file (it does not start with 'GGUF'); give a .gguf model.");
        }

        uint version = UInt32("version");

        if (version is not (2 or Version))
        {
            throw new GgufException("version", (version & 0xFFFF) == 0 && version != 0
                ? "the file is big-endian; convert the model again for little-endian machines."
                : $"the file has version {version}; versions 2 and 3 are read, so convert the model again.");
        }
    }

    private Draft Entry(ulong index, HashSet<string> keys)
    {
        string key = Name($"metadata key {index}", GgufLimits.KeyBytesMax);

        if (!keys.Add(key))
        {
            throw new GgufException(key, "the key appears twice; convert the model again.");
        }

        GgufValueType type = ValueType(key);
        int start = _at;

        if (type == GgufValueType.Array)
        {
            return Elements(key);
        }

        if (type == GgufValueType.Text)
        {
            (start, int length) = Text(key, GgufLimits.StringBytesMax);
            return new Draft(key, type, 1, start, length, false, null);
        }

        int size = GgufValue.SizeOf(type);
        ReadOnlySpan<byte> value = Bytes(size, key);

        if (type == GgufValueType.Bool && value[0] > 1)
        {
            throw new GgufException(key, $"true or false is stored as {value[0]}; convert the model again.");
        }

        return new Draft(key, type, 1, start, size, false, null);
    }

    private Draft Elements(string key)
    {
        GgufValueType type = ValueType(key);

        if (type == GgufValueType.Array)
        {
            throw new GgufException(key, "an array of arrays is not allowed.");
        }

        ulong count = UInt64(key);
        CheckCount(key, count, int.MaxValue, GgufValue.SizeOf(type));
        int start = _at;

        if (type != GgufValueType.Text)
        {
            int size = checked((int)count * GgufValue.SizeOf(type));
            _ = Bytes(size, key);
            return new Draft(key, type, (int)count, start, size, true, null);
        }

        int[] starts = new int[count];

        for (int i = 0; i < starts.Length; i++)
        {
            starts[i] = _at - start;
            _ = Text(key, GgufLimits.StringBytesMax);
        }

        return new Draft(key, type, (int)count, start, _at - start, true, starts);
    }

    private int ReadAlignment(List<Draft> drafts)
    {
        Draft? found = drafts.Find(draft => draft.Key == AlignmentKey);

        if (found is null)
        {
            return GgufLimits.AlignmentDefault;
        }

        if (found.Type != GgufValueType.U32 || found.IsArray)
        {
            throw new GgufException(AlignmentKey, "it is no unsigned 32-bit number; convert the model again.");
        }

        uint alignment = BinaryPrimitives.ReadUInt32LittleEndian(_bytes.Slice(found.Start, sizeof(uint), AlignmentKey));

        return alignment <= GgufLimits.AlignmentMax && uint.IsPow2(alignment)
            ? (int)alignment
            : throw new GgufException(AlignmentKey, $"{alignment} is no power of two up to {GgufLimits.AlignmentMax}.");
    }

    private List<GgufTensor> Tensors(int count, int alignment)
    {
        var tensors = new List<GgufTensor>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        long end = 0;

        for (int i = 0; i < count; i++)
        {
            GgufTensor tensor = Tensor(i);

            if (!names.Add(tensor.Name))
            {
                throw new GgufException(tensor.Name, "the tensor appears twice; convert the model again.");
            }

            if (tensor.Offset % alignment != 0)
            {
                throw new GgufException(tensor.Name, $"offset {tensor.Offset} is not aligned to {alignment} bytes.");
            }

            if (tensor.Offset < end)
            {
                throw new GgufException(tensor.Name, "its data overlaps the tensor before it.");
            }

            end = checked(tensor.Offset + tensor.Bytes);
            tensors.Add(tensor);
        }

        return tensors;
    }

    private GgufTensor Tensor(int index)
    {
        string name = Name($"tensor name {index}", GgufLimits.NameBytesMax);
        uint count = UInt32(name);

        if (count is 0 or > GgufLimits.DimensionsMax)
        {
            throw new GgufException(name, $"the tensor has {count} dimensions; 1 to 4 are allowed.");
        }

        long[] dimensions = new long[count];
        Int128 elements = 1;

        for (int i = 0; i < dimensions.Length; i++)
        {
            ulong dimension = UInt64(name);

            if (dimension is 0 or > (ulong)GgufLimits.DimensionMax)
            {
                throw new GgufException(name, $"dimension {i} is {dimension}; 1 to 2^40 are allowed.");
            }

            dimensions[i] = (long)dimension;
            elements *= dimension;

            // Checked each time: 2^48 times 2^40 still fits, four times 2^40 would not.
            if (elements > GgufLimits.ElementsMax)
            {
                throw new GgufException(name, $"the tensor has {elements} elements or more; 2^48 is the most.");
            }
        }

        uint type = UInt32(name);

        if (!GgmlTypes.IsKnown(type))
        {
            throw new GgufException(name, $"tensor type {type} is not known; a newer program may read this file.");
        }

        if (dimensions[0] % ((GgmlType)type).ElementsPerBlock != 0)
        {
            throw new GgufException(name, $"a row of {dimensions[0]} is no whole number of {(GgmlType)type} blocks.");
        }

        ulong offset = UInt64(name);

        return offset <= long.MaxValue / 2
            ? new GgufTensor(name, (GgmlType)type, dimensions, (long)offset)
            : throw new GgufException(name, $"offset {offset} lies beyond every file.");
    }

    private void CheckData(GgufHeader header)
    {
        if (_headerOnly)
        {
            return;
        }

        foreach (GgufTensor tensor in header.Tensors)
        {
            long end = checked(header.DataStart + tensor.Offset + tensor.Bytes);

            if (end > _bytes.Length)
            {
                throw new GgufException(
                    tensor.Name,
                    $"its data ends at byte {end:N0}, but the file has {_bytes.Length:N0} bytes: "
                    + "it is cut short, so download or copy it again.");
            }
        }
    }

    private void CheckCount(string field, ulong count, int most, int bytesEach)
    {
        ulong remaining = (ulong)(_bytes.Length - _at);

        if (count > (ulong)most || count > remaining / (ulong)bytesEach)
        {
            throw new GgufException(
                field,
                $"{count} entries do not fit into the {remaining:N0} bytes left (at most {most:N0} are allowed); "
                + "the file is damaged, so download or copy it again.");
        }
    }

    private GgufValueType ValueType(string key)
    {
        uint type = UInt32(key);

        return type <= (uint)GgufValueType.F64
            ? (GgufValueType)type
            : throw new GgufException(key, $"value type {type} is not known; convert the model again.");
    }

    private string Name(string field, int most)
    {
        (int start, int length) = Text(field, most);

        if (length == 0)
        {
            throw new GgufException(field, "the name is empty; convert the model again.");
        }

        try
        {
            return StrictUtf8.GetString(_bytes.Slice(start, length, field));
        }
        catch (DecoderFallbackException cause)
        {
            throw new GgufException(field, "the name is no UTF-8; convert the model again.", cause);
        }
    }

    private (int Start, int Length) Text(string field, int most)
    {
        ulong length = UInt64(field);

        if (length > (ulong)most || length > (ulong)(_bytes.Length - _at))
        {
            throw new GgufException(
                field,
                $"a text of {length} bytes does not fit (at most {most:N0}, {_bytes.Length - _at:N0} left); "
                + "the file is damaged, so download or copy it again.");
        }

        int start = _at;
        _ = Bytes((int)length, field);
        return (start, (int)length);
    }

    private uint UInt32(string field) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(sizeof(uint), field));

    private ulong UInt64(string field) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(sizeof(ulong), field));

    private ReadOnlySpan<byte> Bytes(int count, string field)
    {
        ReadOnlySpan<byte> slice = _bytes.Slice(_at, count, field);
        _at += count;
        return slice;
    }

    /// <summary>A value known by its place only: the buffer may still move while the header is read.</summary>
    private sealed record Draft(
        string Key, GgufValueType Type, int Count, int Start, int Length, bool IsArray, int[]? Starts)
    {
        public GgufValue Bind(ReadOnlyMemory<byte> header)
        {
            ReadOnlyMemory<byte> bytes = header.Slice(Start, Length);
            return IsArray ? new GgufValue(Key, Type, Count, bytes, Starts) : new GgufValue(Key, Type, bytes);
        }
    }
}
