namespace Swarm.Protocol.Identity;

/// <summary>This node's own identity cannot be used; the message says what to do.</summary>
public sealed class IdentityException(string message, Exception? inner = null) : Exception(message, inner);
