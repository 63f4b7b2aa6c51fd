namespace Swarm.Benchmarks;

/// <summary>A side of a plain byte stream.</summary>
internal sealed class StreamEnd(Stream stream) : IEnd
{
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => stream.WriteAsync(bytes);

    public ValueTask ReceiveAsync(Memory<byte> bytes) => stream.ReadExactlyAsync(bytes);

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
