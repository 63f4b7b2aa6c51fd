namespace Swarm.Benchmarks;

/// <summary>Tokens per second of one run.</summary>
internal sealed record Rates(double Prefill, double Generation);
