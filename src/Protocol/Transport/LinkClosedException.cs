namespace Swarm.Protocol.Transport;

/// <summary>
/// The link to a peer is gone, or never came up; whoever used it decides what to do without that peer.
/// </summary>
public sealed class LinkClosedException(string message, Exception? inner = null) : IOException(message, inner);
