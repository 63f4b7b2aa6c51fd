namespace Swarm.Node.Discovery.Lan.Wire;

/// <summary>A packet is not DNS, or breaks a limit; it is dropped and nobody is told.</summary>
internal sealed class DnsException(string message) : Exception(message);
