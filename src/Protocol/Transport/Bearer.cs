using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Transport;

/// <summary>What carries the bytes of a link: a connection, or a circuit through a relay.</summary>
internal abstract class Bearer
{
    /// <summary>The bytes both ways. Opened with the first use, which can fail as any use can.</summary>
    internal Stream Stream => field ??= Open();

    /// <summary>Where the other end is seen; null where nobody can tell.</summary>
    internal abstract PeerAddress? SeenAt { get; }

    /// <summary>The node that carries the bytes; null when nobody stands between.</summary>
    internal abstract NodeId? Relay { get; }

    /// <summary>Takes so many bytes if they have arrived already; false where that cannot be told.</summary>
    internal virtual bool TryReceive(Span<byte> target) => false;

    /// <summary>Waits for so many bytes, before anything else is read.</summary>
    /// <returns>How many came before the end.</returns>
    internal virtual async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancel)
        => await Stream.ReadAtLeastAsync(target, target.Length, throwOnEndOfStream: false, cancel);

    /// <summary>Where that node says that it sees the other end; null when there is none, or it does not say.</summary>
    internal virtual PeerAddress? SeenByRelay => null;

    /// <summary>Whether the connection was made by dialling from the port this node listens at.</summary>
    internal virtual bool IsFromListener => false;

    /// <summary>Ends this side: the peer reads to the end of what was written.</summary>
    internal abstract void EndSending();

    /// <summary>Ends both sides at once; what is on the way is lost.</summary>
    internal abstract void Sever();

    protected abstract Stream Open();
}
