using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Swarm.Inference.Model;

/// <summary>Writes a model file: metadata first, then tensors one after another, none of them kept in memory.</summary>
public sealed class GgufWriter
{
    private readonly ArrayBufferWriter<byte> _entries = new();
    private readonly List<(GgufTensor Tensor, Action<Stream> Write)> _tensors = [];
    private readonly int _alignment;
    private ulong _entryCount;
    private long _end;

    /// <summary>A file whose tensors start at multiples of <paramref name="alignment"/> bytes.</summary>
    public GgufWriter(int alignment = GgufLimits.AlignmentDefault)
    {
        _alignment = alignment;

        if (alignment != GgufLimits.AlignmentDefault)
        {
            Add(GgufReader.AlignmentKey, (uint)alignment);
        }
    }

    /// <summary>Adds a text.</summary>
    public void Add(string key, string value)
        => Entry(key, GgufValueType.Text, () => Text(Encoding.UTF8.GetBytes(value)));

    /// <summary>Adds an unsigned number.</summary>
    public void Add(string key, uint value) => Entry(key, GgufValueType.U32, () => UInt32(value));

    /// <summary>Adds a signed number.</summary>
    public void Add(string key, int value) => Entry(key, GgufValueType.I32, () => UInt32((uint)value));

    /// <summary>Adds a number with a fraction.</summary>
    public void Add(string key, float value)
        => Entry(key, GgufValueType.F32, () => UInt32(BitConverter.SingleToUInt32Bits(value)));

    /// <summary>Adds true or false.</summary>
    public void Add(string key, bool value)
        => Entry(key, GgufValueType.Bool, () => _entries.Write([value ? (byte)1 : (byte)0]));

    /// <summary>Adds an array of texts.</summary>
    public void Add(string key, IEnumerable<string> values)
        => Add(key, values.Select(value => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(value)).ToList());

    /// <summary>Adds an array of texts given as bytes, which need not be UTF-8.</summary>
    public void Add(string key, IReadOnlyCollection<ReadOnlyMemory<byte>> values)
        => Elements(key, GgufValueType.Text, values, value => Text(value.Span));

    /// <summary>Adds an array of signed numbers.</summary>
    public void Add(string key, IReadOnlyCollection<int> values)
        => Elements(key, GgufValueType.I32, values, value => UInt32((uint)value));

    /// <summary>Adds an array of numbers with fractions.</summary>
    public void Add(string key, IReadOnlyCollection<float> values)
        => Elements(key, GgufValueType.F32, values, value => UInt32(BitConverter.SingleToUInt32Bits(value)));

    /// <summary>Adds an array of true and false.</summary>
    public void Add(string key, IReadOnlyCollection<bool> values)
        => Elements(key, GgufValueType.Bool, values, value => _entries.Write([value ? (byte)1 : (byte)0]));

    /// <summary>Adds an entry as another file holds it.</summary>
    public void Add(string key, GgufValue value) => Entry(key, value.Type, () =>
    {
        if (value.Type == GgufValueType.Text)
        {
            Text(value.Utf8());
            return;
        }

        if (value.Type == GgufValueType.Array)
        {
            UInt32((uint)value.ElementType);
            UInt64((ulong)value.Count);
        }

        _entries.Write(value.Raw.Span);
    });

    /// <summary>Adds a tensor whose bytes are already there.</summary>
    public void AddTensor(string name, GgmlType type, IReadOnlyList<long> dimensions, ReadOnlyMemory<byte> bytes)
        => AddTensor(name, type, dimensions, stream => stream.Write(bytes.Span));

    /// <summary>Adds a tensor; <paramref name="write"/> is called once, when its turn comes.</summary>
    public void AddTensor(string name, GgmlType type, IReadOnlyList<long> dimensions, Action<Stream> write)
    {
        var tensor = new GgufTensor(name, type, dimensions, GgufHeader.Align(_end, _alignment));
        _end = tensor.Offset + tensor.Bytes;
        _tensors.Add((tensor, write));
    }

    /// <summary>The header alone: everything before the padding in front of the data.</summary>
    public byte[] Header()
    {
        using var header = new MemoryStream();
        WriteHeader(header);
        return header.ToArray();
    }

    /// <summary>Writes the file.</summary>
    /// <exception cref="InvalidOperationException">A tensor wrote more or fewer bytes than its shape has.</exception>
    public void Write(Stream stream)
    {
        byte[] header = Header();
        stream.Write(header);
        long dataStart = GgufHeader.Align(header.Length, _alignment);
        Pad(stream, dataStart - header.Length);
        long position = 0;
        using var counted = new CountedStream(stream);

        foreach ((GgufTensor tensor, Action<Stream> write) in _tensors)
        {
            Pad(stream, tensor.Offset - position);
            counted.Count = 0;
            write(counted);

            if (counted.Count != tensor.Bytes)
            {
                throw new InvalidOperationException(
                    $"{tensor.Name} wrote {counted.Count} bytes, its shape has {tensor.Bytes}.");
            }

            position = tensor.Offset + tensor.Bytes;
        }

        Pad(stream, GgufHeader.Align(position, _alignment) - position);
    }

    /// <summary>Writes the file to <paramref name="path"/>, replacing what is there only when it is whole.</summary>
    public void Write(string path)
    {
        string unfinished = path + ".part";

        try
        {
            using (FileStream stream = File.Create(unfinished, 1 << 20))
            {
                Write(stream);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    private static void Pad(Stream stream, long count)
    {
        for (long i = 0; i < count; i++)
        {
            stream.WriteByte(0);
        }
    }

    private void WriteHeader(MemoryStream header)
    {
        using var writer = new BinaryWriter(header, Encoding.UTF8, leaveOpen: true);
        writer.Write(GgufReader.Magic);
        writer.Write(GgufReader.Version);
        writer.Write((ulong)_tensors.Count);
        writer.Write(_entryCount);
        writer.Write(_entries.WrittenSpan);

        foreach ((GgufTensor tensor, _) in _tensors)
        {
            byte[] name = Encoding.UTF8.GetBytes(tensor.Name);
            writer.Write((ulong)name.Length);
            writer.Write(name);
            writer.Write((uint)tensor.Dimensions.Count);

            foreach (long dimension in tensor.Dimensions)
            {
                writer.Write(dimension);
            }

            writer.Write((uint)tensor.Type);
            writer.Write(tensor.Offset);
        }
    }

    private void Entry(string key, GgufValueType type, Action value)
    {
        Text(Encoding.UTF8.GetBytes(key));
        UInt32((uint)type);
        value();
        _entryCount++;
    }

    private void Elements<T>(string key, GgufValueType type, IReadOnlyCollection<T> values, Action<T> write)
        => Entry(key, GgufValueType.Array, () =>
        {
            UInt32((uint)type);
            UInt64((ulong)values.Count);

            foreach (T value in values)
            {
                write(value);
            }
        });

    private void Text(ReadOnlySpan<byte> utf8)
    {
        UInt64((ulong)utf8.Length);
        _entries.Write(utf8);
    }

    private void UInt32(uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _entries.Write(bytes);
    }

    private void UInt64(ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _entries.Write(bytes);
    }
}
