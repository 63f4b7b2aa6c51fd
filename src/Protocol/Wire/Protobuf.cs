using Google.Protobuf;

namespace Swarm.Protocol.Wire;

/// <summary>Parses messages from strangers: bounded in size and depth, with one exception type.</summary>
internal static class Protobuf
{
    /// <summary>Parses one message that takes all the bytes.</summary>
    /// <exception cref="ProtocolException">The bytes are no such message.</exception>
    internal static T Parse<T>(MessageParser<T> parser, ReadOnlySpan<byte> bytes)
        where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new ProtocolException($"A {typeof(T).Name} does not parse: {e.Message}");
        }
    }
}
