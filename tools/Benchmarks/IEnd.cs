namespace Swarm.Benchmarks;

/// <summary>One side of a connection that carries pieces of a size both sides know.</summary>
internal interface IEnd : IAsyncDisposable
{
    ValueTask SendAsync(ReadOnlyMemory<byte> bytes);

    ValueTask ReceiveAsync(Memory<byte> bytes);
}
