using System.Net.Sockets;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>A link whose peer says prepared bytes, hears nothing and hangs up.</summary>
internal static class ScriptedLink
{
    public static Link Play(byte[] script)
    {
        var clock = new ManualClock();
        var stream = new Script(script);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var connection = new LinkConnection(new SocketBearer(socket), stream, new FrameReader(stream, clock));
        var link = Link.Start(connection, TestIdentity.Node(1), TestIdentity.Hello("test"), dials: false, clock);

        // A protocol error leaves a second for the goodbye.
        clock.Advance(TimeSpan.FromSeconds(2));
        socket.Dispose();
        return link;
    }

    private sealed class Script(byte[] bytes) : Stream
    {
        private readonly MemoryStream _bytes = new(bytes);

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => _bytes.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            => new(_bytes.Read(buffer.Span));

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            => ValueTask.CompletedTask;

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
