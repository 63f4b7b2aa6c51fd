namespace Swarm.Benchmarks;

/// <summary>Both sides of one connection.</summary>
internal sealed record EndPair(string Name, IEnd Near, IEnd Far);
