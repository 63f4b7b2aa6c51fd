using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Benchmarks;

/// <summary>A side of a link's stream: every piece is the payload of a step.</summary>
internal sealed class LinkEnd(ILinkStream stream) : IEnd
{
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
        => stream.SendAsync(new Envelope { Step = new Step() }, bytes, CancellationToken.None);

    public async ValueTask ReceiveAsync(Memory<byte> bytes)
    {
        _ = await stream.ReceiveAsync(CancellationToken.None);
        await stream.ReadPayloadAsync(bytes, CancellationToken.None);
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
