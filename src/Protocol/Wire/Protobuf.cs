using Google.Protobuf;

namespace Swarm.Protocol.Wire;

/// <summary>Parses messages from strangers: bounded in size and depth, with one exception type.</summary>
public static class Protobuf
{
    /// <summary>Parses one message that takes all the bytes.</summary>
    /// <exception cref="ProtocolException">The bytes are no such message.</exception>
    public static T Parse<T>(MessageParser<T> parser, ReadOnlySpan<byte> bytes)
        where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or IndexOutOfRangeException
            or ArgumentOutOfRangeException)
        {
            // The last two are what the library throws for a field as long as 2^31 - 1: its end overflows.
            throw new ProtocolException($"A {typeof(T).Name} does not parse: {e.Message}");
        }
    }
}
