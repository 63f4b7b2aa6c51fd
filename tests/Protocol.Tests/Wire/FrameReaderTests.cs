using NUnit.Framework;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Tests.Wire;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class FrameReaderTests
{
    [Test]
    public async Task Nothing_is_held_for_a_peer_that_says_nothing()
    {
        var source = new Gasps();
        var reader = new FrameReader(source, TimeProvider.System);
        Task<FrameHeader?> first = reader.NextAsync(default).AsTask();
        Assert.That(source.Asked, Is.EqualTo([0]), "it waits without a buffer");
        source.Say(Frame(5));
        Assert.That((await first)?.Stream, Is.EqualTo(5));

        Task<FrameHeader?> second = reader.NextAsync(default).AsTask();
        Assert.That(source.Asked[^1], Is.Zero, "and so it does again");
        source.Say(Frame(6)[..10]);
        Assert.That(source.Asked[^1], Is.GreaterThan(0), "but not within a frame");
        source.Say(Frame(6)[10..]);
        Assert.That((await second)?.Stream, Is.EqualTo(6));
    }

    private static byte[] Frame(uint stream)
    {
        byte[] bytes = new byte[FrameHeader.Size];
        new FrameHeader(FrameType.End, 0, stream, 0, 0).Write(bytes);
        return bytes;
    }

    /// <summary>Bytes that come when the test says so; its continuations run at once.</summary>
    private sealed class Gasps : MemoryStream
    {
        private TaskCompletionSource? _waiting;
        private byte[] _said = [];

        public List<int> Asked { get; } = [];

        public void Say(byte[] bytes)
        {
            _said = [.. _said, .. bytes];
            TaskCompletionSource? waiting = _waiting;
            _waiting = null;
            waiting?.SetResult();
        }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Asked.Add(buffer.Length);

            if (_said.Length == 0)
            {
                _waiting = new TaskCompletionSource();
                await _waiting.Task;
            }

            int bytes = Math.Min(buffer.Length, _said.Length);
            _said.AsSpan(0, bytes).CopyTo(buffer.Span);
            _said = _said[bytes..];
            return bytes;
        }
    }
}
