using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Swarm.Protocol.Wire;

/// <summary>Parses messages from strangers: bounded in size and depth, with one exception type.</summary>
/// <remarks>
/// The library's parser adds a field's length to its own position in 32 bits: a length just below 2^31 overflows its
/// limit, and it then reads beyond its end or allocates half a gigabyte. So every length is compared with what is there
/// before the library sees the bytes.
/// </remarks>
public static class Protobuf
{
    // The deepest message is four deep.
    private const int DepthMax = 16;
    private const int VarintBytesMax = 10;

    /// <summary>Parses one message that takes all the bytes.</summary>
    /// <exception cref="ProtocolException">The bytes are no such message.</exception>
    public static T Parse<T>(MessageParser<T> parser, ReadOnlySpan<byte> bytes)
        where T : IMessage<T>, new()
    {
        Check(Shape<T>.Descriptor, bytes, 0);

        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new ProtocolException($"A {typeof(T).Name} does not parse: {e.Message}");
        }
    }

    private static void Check(MessageDescriptor message, ReadOnlySpan<byte> bytes, int depth)
    {
        while (bytes.Length > 0)
        {
            // The library takes 32 bits of a tag and of a length, whatever stands above them.
            uint tag = (uint)ReadVarint(message, ref bytes);
            ulong size = WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => 0 * ReadVarint(message, ref bytes),
                WireFormat.WireType.Fixed32 => sizeof(uint),
                WireFormat.WireType.Fixed64 => sizeof(ulong),
                WireFormat.WireType.LengthDelimited => (uint)ReadVarint(message, ref bytes),
                _ => throw Broken(message, "a group"),
            };

            if (size > (ulong)bytes.Length)
            {
                throw Broken(message, "a field longer than what is there");
            }

            FieldDescriptor? field = message.FindFieldByNumber(WireFormat.GetTagFieldNumber(tag));

            if (WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited
                && field is { FieldType: FieldType.Message })
            {
                if (depth == DepthMax)
                {
                    throw Broken(message, "messages within messages");
                }

                Check(field.MessageType, bytes[..(int)size], depth + 1);
            }

            bytes = bytes[(int)size..];
        }
    }

    private static ulong ReadVarint(MessageDescriptor message, ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;

        for (int i = 0; i < Math.Min(bytes.Length, VarintBytesMax); i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);

            if (bytes[i] < 0x80)
            {
                bytes = bytes[(i + 1)..];
                return value;
            }
        }

        throw Broken(message, "a number without an end");
    }

    private static ProtocolException Broken(MessageDescriptor message, string what)
        => new($"A {message.Name} does not parse: it holds {what}.");

    private static class Shape<T>
        where T : IMessage<T>, new()
    {
        public static readonly MessageDescriptor Descriptor = new T().Descriptor;
    }
}
