using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

/// <summary>One authenticated connection to another node, carrying many streams.</summary>
/// <remarks>
/// A link exists only once the peer's <see cref="Messages.Hello"/> was read and accepted: before that a TLS 1.3 client
/// cannot know whether it was let in.
/// </remarks>
public interface ILink : IAsyncDisposable
{
    /// <summary>The node on the other side, as its certificate proves.</summary>
    NodeId Remote { get; }

    /// <summary>What the peer said of itself last.</summary>
    Hello RemoteHello { get; }

    /// <summary>Where the peer's end is seen from here; null where nobody can tell.</summary>
    PeerAddress? SeenAt { get; }

    /// <summary>The node that carries this link; null when nobody stands between.</summary>
    NodeId? Relay { get; }

    /// <summary>Where that node says that it sees the peer: its word only; null when it does not say.</summary>
    PeerAddress? SeenByRelay => null;

    /// <summary>
    /// Whether this node dialled from the port it listens at: where the peer sees it, others may find a way in.
    /// </summary>
    bool IsFromListener => false;

    /// <summary>True on the side that dialled.</summary>
    bool IsDialler { get; }

    /// <summary>The smoothed round trip of the link's own pings; zero until the first came back.</summary>
    TimeSpan RoundTrip { get; }

    /// <summary>Cancelled when the link is gone, for whatever reason.</summary>
    CancellationToken Closed { get; }

    /// <summary>Whether the link is gone.</summary>
    bool IsClosed => Closed.IsCancellationRequested;

    /// <summary>
    /// Whether it ended because the peer leaves or could no longer be heard, and not because one side needs no link.
    /// </summary>
    bool IsLost { get; }

    /// <summary>How many streams are open, whoever opened them.</summary>
    int OpenStreams { get; }

    /// <summary>The peer says something else of itself now; it was checked.</summary>
    void Renew(Hello hello);

    /// <summary>Opens a stream towards the peer.</summary>
    /// <exception cref="LinkClosedException">The link is gone.</exception>
    ValueTask<ILinkStream> OpenAsync(StreamPriority priority, CancellationToken cancel);

    /// <summary>Waits for the next stream the peer opens.</summary>
    /// <exception cref="LinkClosedException">The link is gone.</exception>
    ValueTask<ILinkStream> AcceptAsync(CancellationToken cancel);

    /// <summary>
    /// Hands every stream that the peer opens to <paramref name="server"/>, and tells it when the link is gone: in the
    /// place of <see cref="AcceptAsync"/>, and once.
    /// </summary>
    void Serve(ILinkServer server) => _ = LinkServing.RunAsync(this, server);

    /// <summary>Ends the link at once, telling the peer why if it still listens.</summary>
    void Abort(FaultCode code, string reason);
}
