namespace Swarm.Testing;

/// <summary>Something that must hold at every moment does not; names the seed and what happened last.</summary>
public sealed class InvariantException(string message) : Exception(message);
