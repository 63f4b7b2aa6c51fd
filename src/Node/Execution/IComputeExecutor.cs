namespace Swarm.Node.Execution;

/// <summary>
/// Where compute runs: on threads of its own in life, inline after a virtual duration in the simulation.
/// </summary>
public interface IComputeExecutor
{
    /// <summary>Runs <paramref name="work"/> and completes when it is done, with its exception if it threw.</summary>
    /// <param name="work">Never waits for anything but arithmetic.</param>
    /// <param name="rows">How many token positions it computes.</param>
    /// <param name="blocks">Through how many blocks.</param>
    Task RunAsync(Action work, int rows, int blocks);
}
