namespace Swarm.Benchmarks;

/// <summary>Tokens per second of one run.</summary>
/// <param name="Prefill">Of the prompt.</param>
/// <param name="Generation">Of one session.</param>
/// <param name="Together">Of all sessions together, for each width asked for; empty when it cannot be measured.</param>
internal sealed record Rates(double Prefill, double Generation, IReadOnlyList<double> Together);
