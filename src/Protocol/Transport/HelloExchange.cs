using Google.Protobuf;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>The first words on a connection whose ends know who they are: a Hello each way, both at once.</summary>
internal static class HelloExchange
{
    /// <summary>
    /// Says a Hello and hears the peer's; null when the peer closed the connection before it said one.
    /// </summary>
    /// <remarks>A Hello that comes proves that the peer has accepted this node's certificate.</remarks>
    /// <exception cref="FaultException">The two cannot talk: another swarm, or another version.</exception>
    /// <exception cref="ProtocolException">Something else came.</exception>
    internal static async Task<Hello?> RunAsync(
        Stream stream, FrameReader reader, Hello own, CancellationToken cancel)
    {
        await WriteAsync(stream, FrameType.Hello, own, cancel);

        if (await ReadAsync(reader, cancel) is not { } theirs)
        {
            return null;
        }

        if (Hellos.Refusal(own, theirs) is { } refusal)
        {
            // The peer finds the same; this is for one that does not.
            await WriteAsync(stream, FrameType.GoAway, refusal, cancel);
            throw new FaultException(refusal);
        }

        return theirs;
    }

    private static async Task WriteAsync(Stream stream, FrameType type, IMessage message, CancellationToken cancel)
    {
        int size = message.CalculateSize();
        byte[] frame = new byte[FrameHeader.Size + size];
        new FrameHeader(type, FrameFlags.None, 0, size, 0).Write(frame);
        message.WriteTo(frame.AsSpan(FrameHeader.Size));
        await stream.WriteAsync(frame, cancel);
    }

    private static async Task<Hello?> ReadAsync(FrameReader reader, CancellationToken cancel)
    {
        if (await reader.NextAsync(cancel) is not { } frame)
        {
            return null;
        }

        if (frame.Type is not (FrameType.Hello or FrameType.GoAway))
        {
            throw new ProtocolException($"A {frame.Type} frame came before the Hello.");
        }

        ReadOnlyMemory<byte> bytes = await reader.PeekAsync(frame.Header, cancel);

        return frame.Type == FrameType.Hello
            ? Protobuf.Parse(Hello.Parser, bytes.Span)
            : throw new FaultException(Protobuf.Parse(Fault.Parser, bytes.Span));
    }
}
