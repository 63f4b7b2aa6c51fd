using Swarm.Node.Execution;

namespace Swarm.Testing.Sessions;

/// <summary>Runs compute on the simulation's thread after the time it would have taken.</summary>
public sealed class VirtualExecutor(TimeProvider clock, TimeSpan perRowAndBlock) : IComputeExecutor
{
    private TaskCompletionSource? _stalled;

    /// <summary>From now on nothing is computed, though the node answers.</summary>
    public void Stall() => _stalled ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Resume()
    {
        _stalled?.SetResult();
        _stalled = null;
    }

    public async Task RunAsync(Action work, int rows, int blocks)
    {
        if (_stalled is { } stalled)
        {
            await stalled.Task;
        }

        await Task.Delay(perRowAndBlock * (rows * blocks), clock);
        work();
    }
}
