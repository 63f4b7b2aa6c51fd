namespace Swarm.Benchmarks;

/// <summary>Another engine on the same file.</summary>
internal interface IRival
{
    /// <summary>What the table calls it.</summary>
    string Name { get; }

    /// <summary>One run, in a process of its own.</summary>
    Rates Measure(EngineOptions options, int threads);
}
