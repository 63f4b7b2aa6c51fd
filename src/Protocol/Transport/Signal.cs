namespace Swarm.Protocol.Transport;

/// <summary>
/// Wakes one waiter when something its owner guards has changed. Both methods are called under the owner's lock:
/// the waiter never runs inside <see cref="Set"/>.
/// </summary>
internal sealed class Signal
{
    private TaskCompletionSource? _waiting;

    /// <summary>What to await, outside the lock, until the next <see cref="Set"/>.</summary>
    internal TaskCompletionSource Next()
    {
        if (_waiting is { Task.IsCompleted: false })
        {
            throw new InvalidOperationException("Two callers wait at the same time on one side of a stream.");
        }

        _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return _waiting;
    }

    internal void Set()
    {
        _ = _waiting?.TrySetResult();
        _waiting = null;
    }

    /// <summary>Waits for the signal or the token; Task.WaitAsync would leave the simulation's thread.</summary>
    internal static async Task WaitAsync(TaskCompletionSource waiting, CancellationToken cancel)
    {
        using CancellationTokenRegistration registration = cancel.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token),
            waiting);

        await waiting.Task;
    }
}
