using Swarm.Inference.Measuring;

namespace Swarm.Node.CommandLine;

/// <summary>The speed of one test of <c>swarm bench</c>.</summary>
/// <param name="Test">As people write it: <c>pp512</c>, <c>tg128</c>, <c>tg128 x4</c>.</param>
/// <param name="Threads">Threads that computed.</param>
/// <param name="Speed">Tokens per second.</param>
/// <param name="BandwidthShare">Part of the memory bandwidth that reading the weights took; null for a prompt.</param>
/// <param name="PeakShare">Part of the arithmetic peak that products took; null where it says nothing.</param>
internal sealed record BenchResult(
    string Test, int Threads, Spread Speed, double? BandwidthShare, double? PeakShare);
