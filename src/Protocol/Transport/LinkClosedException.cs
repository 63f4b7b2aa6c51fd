namespace Swarm.Protocol.Transport;

/// <summary>
/// The link to a peer is gone, or never came up; whoever used it decides what to do without that peer.
/// </summary>
public sealed class LinkClosedException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>
    /// The peer took the connection and ended it before its Hello, as a node does to whom it takes for a stranger.
    /// </summary>
    public bool IsTurnedAway { get; init; }
}
