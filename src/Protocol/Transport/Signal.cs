using System.Threading.Tasks.Sources;

namespace Swarm.Protocol.Transport;

/// <summary>
/// Wakes one waiter when something its owner guards has changed. <see cref="Await"/> and <see cref="Set"/> are called
/// under the owner's lock, <see cref="WaitAsync"/> outside: the waiter never runs inside <see cref="Set"/>.
/// </summary>
/// <remarks>One object for all waits of its life: most of what a node does is to wait for an answer.</remarks>
internal sealed class Signal : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _wait = new() { RunContinuationsAsynchronously = true };
    private int _isAwaited;

    /// <summary>Which wait this is, for whoever gives it out as its own.</summary>
    internal short Version => _wait.Version;

    /// <summary>From now on <see cref="Set"/> ends the wait that follows.</summary>
    internal void Await()
    {
        if (Interlocked.Exchange(ref _isAwaited, 1) == 1)
        {
            throw new InvalidOperationException("Two callers wait at the same time on one side of a stream.");
        }

        _wait.Reset();
    }

    internal void Set()
    {
        if (Interlocked.Exchange(ref _isAwaited, 0) == 1)
        {
            _wait.SetResult(true);
        }
    }

    /// <summary>Waits for the signal or the token, once for each <see cref="Await"/>.</summary>
    internal ValueTask WaitAsync(CancellationToken cancel)
        => cancel.CanBeCanceled ? WaitOrCancelAsync(cancel) : new ValueTask(this, _wait.Version);

    /// <inheritdoc/>
    public void GetResult(short token) => _wait.GetResult(token);

    /// <inheritdoc/>
    public ValueTaskSourceStatus GetStatus(short token) => _wait.GetStatus(token);

    /// <inheritdoc/>
    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _wait.OnCompleted(continuation, state, token, flags);

    // Task.WaitAsync would leave the simulation's thread.
    private async ValueTask WaitOrCancelAsync(CancellationToken cancel)
    {
        using CancellationTokenRegistration registration = cancel.UnsafeRegister(
            static (signal, token) => ((Signal)signal!).Cancel(token), this);

        await new ValueTask(this, _wait.Version);
    }

    private void Cancel(CancellationToken token)
    {
        if (Interlocked.Exchange(ref _isAwaited, 0) == 1)
        {
            _wait.SetException(new OperationCanceledException(token));
        }
    }
}
