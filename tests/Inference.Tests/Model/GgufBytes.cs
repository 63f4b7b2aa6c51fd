using System.Buffers.Binary;
using System.Text;

namespace Swarm.Inference.Tests.Model;

/// <summary>Writes the bytes of a model file one field at a time, right or wrong.</summary>
internal sealed class GgufBytes
{
    private readonly List<byte> _bytes = [];

    public byte[] ToArray() => [.. _bytes];

    public GgufBytes Header(ulong tensors, ulong entries, string magic = "GGUF", uint version = 3)
        => Raw(Encoding.ASCII.GetBytes(magic)).UInt32(version).UInt64(tensors).UInt64(entries);

    public GgufBytes Text(string value)
        => UInt64((ulong)Encoding.UTF8.GetByteCount(value)).Raw(Encoding.UTF8.GetBytes(value));

    public GgufBytes Entry(string key, uint type) => Text(key).UInt32(type);

    public GgufBytes Tensor(string name, ulong[] dimensions, uint type = 0, ulong offset = 0)
    {
        _ = Text(name).UInt32((uint)dimensions.Length);
        Array.ForEach(dimensions, dimension => UInt64(dimension));
        return UInt32(type).UInt64(offset);
    }

    /// <summary>Padding to the alignment, then <paramref name="count"/> bytes of data.</summary>
    public GgufBytes Data(int count, int alignment = 32)
    {
        while (_bytes.Count % alignment != 0)
        {
            _bytes.Add(0);
        }

        return Raw(new byte[count]);
    }

    public GgufBytes UInt32(uint value)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Raw(bytes);
    }

    public GgufBytes UInt64(ulong value)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return Raw(bytes);
    }

    public GgufBytes Raw(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }
}
