using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Relaying;

/// <summary>The bytes of a circuit, as a stream that TLS can run in.</summary>
internal sealed class CircuitStream(ILinkStream stream) : Stream
{
    private readonly byte[] _buffer = new byte[RelayTimes.CarryBytesMax];
    private int _start;
    private int _end;
    private bool _isOver;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_start == _end)
        {
            if (_isOver || !await FillAsync(cancellationToken))
            {
                _isOver = true;
                return 0;
            }
        }

        int bytes = Math.Min(buffer.Length, _end - _start);
        _buffer.AsSpan(_start, bytes).CopyTo(buffer.Span);
        _start += bytes;
        return bytes;
    }

    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            while (buffer.Length > 0)
            {
                int bytes = Math.Min(buffer.Length, RelayTimes.CarryBytesMax);
                await stream.SendAsync(new Envelope { Carry = new Carry() }, buffer[..bytes], cancellationToken);
                buffer = buffer[bytes..];
            }
        }
        catch (Exception e) when (e is FaultException or InvalidOperationException)
        {
            throw new IOException($"The circuit is over: {e.Message}", e);
        }
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAllAsync(buffer.AsMemory(offset, count), cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => WriteAllAsync(buffer.AsMemory(offset, count), cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            stream.Reset(FaultCode.Cancelled, "The link in this circuit is over.");
        }

        base.Dispose(disposing);
    }

    private async Task<int> ReadAllAsync(Memory<byte> buffer, CancellationToken cancel)
        => await ReadAsync(buffer, cancel);

    private async Task WriteAllAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancel)
        => await WriteAsync(buffer, cancel);

    // False at the end.
    private async ValueTask<bool> FillAsync(CancellationToken cancel)
    {
        try
        {
            if (await stream.ReceiveAsync(cancel) is not { } message)
            {
                return false;
            }

            if (message.BodyCase != Envelope.BodyOneofCase.Carry || stream.PayloadLength > RelayTimes.CarryBytesMax)
            {
                throw new IOException("Something else than bytes came through the circuit, or too many.");
            }

            (_start, _end) = (0, stream.PayloadLength);
            await stream.ReadPayloadAsync(_buffer.AsMemory(0, _end), cancel);
            return true;
        }
        catch (FaultException e)
        {
            throw new IOException($"The circuit is over: {e.Message}", e);
        }
    }
}
