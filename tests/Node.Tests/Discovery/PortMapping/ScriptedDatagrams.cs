using System.Net;
using System.Threading.Channels;
using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Tests.Discovery.PortMapping;

/// <summary>A UDP port whose datagrams the script reads and writes.</summary>
internal sealed class ScriptedDatagrams(IPEndPoint local, Action<ScriptedDatagrams, byte[], IPEndPoint> onSent)
    : IDatagrams
{
    private readonly Channel<(byte[] Bytes, IPEndPoint Source)> _arrived =
        Channel.CreateBounded<(byte[], IPEndPoint)>(10_000);

    public IPEndPoint Local { get; } = local;

    public bool IsOpen { get; private set; } = true;

    public void Arrive(byte[] bytes, IPEndPoint source) => _ = _arrived.Writer.TryWrite((bytes, source));

    public ValueTask SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint target, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        onSent(this, datagram.ToArray(), target);
        return ValueTask.CompletedTask;
    }

    public async ValueTask<(int Count, IPEndPoint Source)> ReceiveAsync(Memory<byte> buffer, CancellationToken cancel)
    {
        (byte[] bytes, IPEndPoint source) = await _arrived.Reader.ReadAsync(cancel);
        int count = Math.Min(bytes.Length, buffer.Length);
        bytes.AsSpan(0, count).CopyTo(buffer.Span);
        return (count, source);
    }

    public void Dispose() => IsOpen = false;
}
