namespace Swarm.Simulator;

/// <summary>What one seed came to.</summary>
/// <param name="Trace">The hash of everything that happened.</param>
/// <param name="Met">The faults that struck and the recoveries that were seen.</param>
/// <param name="Checks">How many statements were held against the swarm.</param>
public sealed record StormOutcome(string Trace, IReadOnlyCollection<string> Met, long Checks);
