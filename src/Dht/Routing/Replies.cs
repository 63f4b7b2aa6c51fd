using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace Swarm.Dht.Routing;

/// <summary>The answers of one lookup, in the order they came, and the wait for the next.</summary>
internal sealed class Replies : IDisposable
{
    private readonly Queue<Reply> _arrived = new();
    private readonly Lock _gate = new();
    private readonly ITimer _patience;
    private TaskCompletionSource? _waiting;
    private ExceptionDispatchInfo? _defect;
    private volatile bool _ended;

    internal Replies(TimeProvider time)
        => _patience = time.CreateTimer(
            static replies => ((Replies)replies!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Nobody waits for these replies any more.</summary>
    internal static void End(object? replies)
    {
        ((Replies)replies!)._ended = true;
        ((Replies)replies!).Wake();
    }

    /// <inheritdoc/>
    public void Dispose() => _patience.Dispose();

    internal void Add(Reply reply)
    {
        lock (_gate)
        {
            _arrived.Enqueue(reply);
        }

        Wake();
    }

    /// <summary>A query ended as none should: the lookup ends with this error.</summary>
    internal void Fail(Exception defect)
    {
        _defect = ExceptionDispatchInfo.Capture(defect);
        End(this);
    }

    internal bool TryTake([NotNullWhen(true)] out Reply? reply)
    {
        lock (_gate)
        {
            return _arrived.TryDequeue(out reply);
        }
    }

    /// <summary>Ends the lookup with the error of the query that ended as none should.</summary>
    internal void ThrowIfDefect() => _defect?.Throw();

    /// <summary>Waits for an answer, and no longer than <paramref name="longest"/>.</summary>
    internal Task WaitAsync(TimeSpan longest)
    {
        TaskCompletionSource waiting;

        lock (_gate)
        {
            if (_arrived.Count > 0 || _ended)
            {
                return Task.CompletedTask;
            }

            _waiting = waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        // A timer counts whole milliseconds: rounded down, the deadline would never be reached.
        double waitMs = Math.Max(1, Math.Ceiling(longest.TotalMilliseconds));
        _ = _patience.Change(TimeSpan.FromMilliseconds(waitMs), Timeout.InfiniteTimeSpan);
        return waiting.Task;
    }

    private void Wake()
    {
        TaskCompletionSource? waiting;

        lock (_gate)
        {
            (waiting, _waiting) = (_waiting, null);
        }

        _ = waiting?.TrySetResult();
    }
}
