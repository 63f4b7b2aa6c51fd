using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

/// <summary>
/// An ordered exchange of messages inside a link. Each message may be followed by a raw payload, which the receiver
/// reads only after it has checked the message that announces it.
/// </summary>
/// <remarks>One sender and one receiver at a time on each side. Not for concurrent senders.</remarks>
public interface ILinkStream : IAsyncDisposable
{
    /// <summary>The link this stream runs in.</summary>
    ILink Link { get; }

    /// <summary>Sends a message and its payload; waits while the peer grants no credit.</summary>
    /// <exception cref="LinkClosedException">The link is gone.</exception>
    /// <exception cref="FaultException">The peer reset the stream.</exception>
    ValueTask SendAsync(Envelope message, ReadOnlyMemory<byte> payload, CancellationToken cancel);

    /// <summary>The next message, or null when the peer has ended its side. An unread payload is skipped.</summary>
    /// <exception cref="LinkClosedException">The link is gone.</exception>
    /// <exception cref="FaultException">The peer reset the stream.</exception>
    ValueTask<Envelope?> ReceiveAsync(CancellationToken cancel);

    /// <summary>The size in bytes of the payload behind the message last received.</summary>
    int PayloadLength { get; }

    /// <summary>Reads the whole payload of the message last received.</summary>
    /// <param name="destination">Exactly <see cref="PayloadLength"/> bytes.</param>
    /// <param name="cancel">Ends the wait; the stream is then of no further use.</param>
    ValueTask ReadPayloadAsync(Memory<byte> destination, CancellationToken cancel);

    /// <summary>Ends this side: the peer's next receive returns null after what was sent.</summary>
    ValueTask EndAsync(CancellationToken cancel);

    /// <summary>Ends both sides at once; overtakes and discards what is queued. The peer sees the fault.</summary>
    void Reset(Fault fault);

    /// <summary>Ends both sides at once; overtakes and discards what is queued.</summary>
    void Reset(FaultCode code, string reason) => Reset(new Fault { Code = code, Message = reason });
}
