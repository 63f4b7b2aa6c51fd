namespace Swarm.Node.Diagnosis;

/// <summary>Whether multicast that was sent on an interface was heard there again.</summary>
/// <param name="Name">The interface's name.</param>
/// <param name="IsHeard">Whether it was, by IPv4 or IPv6.</param>
/// <param name="Refusal">Why the port could not be opened; null when it could.</param>
internal sealed record HeardInterface(string Name, bool IsHeard, string? Refusal);
