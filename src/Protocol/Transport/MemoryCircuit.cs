using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Relaying;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>
/// A link in a circuit of a network in memory: real frames in the relay's streams, under names instead of certificates.
/// </summary>
internal static class MemoryCircuit
{
    /// <summary>Names first, then a Hello each way.</summary>
    internal static async Task<Link> ShakeAsync(
        Circuit circuit, NodeId self, Hello hello, bool dials, TimeProvider time, CancellationToken cancel)
    {
        var bearer = new CircuitBearer(circuit);

        try
        {
            byte[] name = new byte[NodeId.Size];
            self.Write(name);
            await bearer.Stream.WriteAsync(name, cancel);
            await FillAsync(bearer.Stream, name, cancel);
            var reader = new FrameReader(bearer.Stream, time);
            Hello theirs = await HelloExchange.RunAsync(bearer.Stream, reader, hello, cancel)
                ?? throw new LinkClosedException("The peer closed the circuit before its Hello.");
            var connection = new LinkConnection(bearer, bearer.Stream, reader);

            return Link.Start(connection, NodeId.Read(name), theirs, dials, time);
        }
        catch (Exception e) when (e is IOException and not LinkClosedException)
        {
            throw new LinkClosedException($"The circuit broke: {e.Message}", e);
        }
    }

    // The library's own loop would leave the simulation's thread.
    private static async Task FillAsync(Stream stream, Memory<byte> target, CancellationToken cancel)
    {
        while (target.Length > 0)
        {
            int read = await stream.ReadAsync(target, cancel);
            target = read > 0 ? target[read..] : throw new EndOfStreamException("The circuit ended before a name.");
        }
    }
}
