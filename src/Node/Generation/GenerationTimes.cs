namespace Swarm.Node.Generation;

/// <summary>The clock, and how often a silent line says a word.</summary>
internal sealed record GenerationTimes(TimeProvider Time, TimeSpan Heartbeat);
