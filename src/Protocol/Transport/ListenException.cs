namespace Swarm.Protocol.Transport;

/// <summary>This node cannot listen where it was told to; the message says what to do.</summary>
public sealed class ListenException(string message, Exception? inner = null) : IOException(message, inner);
