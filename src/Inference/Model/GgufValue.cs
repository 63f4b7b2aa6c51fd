using System.Buffers.Binary;
using System.Text;

namespace Swarm.Inference.Model;

/// <summary>One metadata value: a view of the header's own bytes, checked when the header was read.</summary>
public sealed class GgufValue
{
    private readonly string _key;
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly int[]? _starts;

    internal GgufValue(string key, GgufValueType type, ReadOnlyMemory<byte> bytes)
    {
        _key = key;
        _bytes = bytes;
        Type = type;
        ElementType = type;
        Count = 1;
    }

    internal GgufValue(string key, GgufValueType elementType, int count, ReadOnlyMemory<byte> bytes, int[]? starts)
    {
        _key = key;
        _bytes = bytes;
        _starts = starts;
        Type = GgufValueType.Array;
        ElementType = elementType;
        Count = count;
    }

    /// <summary>The value's type.</summary>
    public GgufValueType Type { get; }

    /// <summary>The type of its elements, its own type when it is no array.</summary>
    public GgufValueType ElementType { get; }

    /// <summary>How many elements it has, 1 when it is no array.</summary>
    public int Count { get; }

    /// <summary>Its bytes in the header, without type, count and a text's length.</summary>
    internal ReadOnlyMemory<byte> Raw => _bytes;

    /// <summary>The bytes of string <paramref name="index"/>, without their length.</summary>
    public ReadOnlySpan<byte> Utf8(int index = 0)
    {
        Expect(ElementType == GgufValueType.Text, "text");
        ReadOnlySpan<byte> bytes = _bytes.Span;

        if (_starts is null)
        {
            return bytes;
        }

        int start = _starts[index];
        return bytes.Slice(start + sizeof(ulong), (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes[start..]));
    }

    /// <summary>String <paramref name="index"/>; bytes that are no UTF-8 become U+FFFD.</summary>
    public string Text(int index = 0) => Encoding.UTF8.GetString(Utf8(index));

    /// <summary>Element <paramref name="index"/> as a whole number.</summary>
    public long Whole(int index = 0)
    {
        ReadOnlySpan<byte> at = Element(index);

        switch (ElementType)
        {
            case GgufValueType.U8:
                return at[0];
            case GgufValueType.I8:
                return (sbyte)at[0];
            case GgufValueType.U16:
                return BinaryPrimitives.ReadUInt16LittleEndian(at);
            case GgufValueType.I16:
                return BinaryPrimitives.ReadInt16LittleEndian(at);
            case GgufValueType.U32:
                return BinaryPrimitives.ReadUInt32LittleEndian(at);
            case GgufValueType.I32:
                return BinaryPrimitives.ReadInt32LittleEndian(at);
            case GgufValueType.U64:
                ulong value = BinaryPrimitives.ReadUInt64LittleEndian(at);
                Expect(value <= long.MaxValue, "a number below 2^63");
                return (long)value;
            case GgufValueType.I64:
                return BinaryPrimitives.ReadInt64LittleEndian(at);
            default:
                throw Wrong("a whole number");
        }
    }

    /// <summary>Element <paramref name="index"/> as a number with a fraction; whole numbers are taken too.</summary>
    public double Number(int index = 0) => ElementType switch
    {
        GgufValueType.F32 => BinaryPrimitives.ReadSingleLittleEndian(Element(index)),
        GgufValueType.F64 => BinaryPrimitives.ReadDoubleLittleEndian(Element(index)),
        _ => Whole(index),
    };

    /// <summary>Element <paramref name="index"/> as yes or no.</summary>
    public bool Flag(int index = 0)
    {
        Expect(ElementType == GgufValueType.Bool, "true or false");
        return Element(index)[0] != 0;
    }

    internal static int SizeOf(GgufValueType type) => type switch
    {
        GgufValueType.U8 or GgufValueType.I8 or GgufValueType.Bool => 1,
        GgufValueType.U16 or GgufValueType.I16 => 2,
        GgufValueType.U32 or GgufValueType.I32 or GgufValueType.F32 => 4,
        _ => 8,
    };

    private ReadOnlySpan<byte> Element(int index)
    {
        Expect(ElementType is not GgufValueType.Text, "a number");
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return _bytes.Span[(index * SizeOf(ElementType))..];
    }

    private void Expect(bool holds, string wanted)
    {
        if (!holds)
        {
            throw Wrong(wanted);
        }
    }

    private GgufException Wrong(string wanted)
        => new(_key, $"the file holds {Type} of {ElementType}, not {wanted}; convert the model again.");
}
