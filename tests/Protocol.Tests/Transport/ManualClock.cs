namespace Swarm.Protocol.Tests.Transport;

/// <summary>
/// A clock for code on real threads: it moves when the test says so, and fires timers as it passes them.
/// </summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly List<Timer> _timers = [];
    private readonly Lock _gate = new();
    private long _now = TimeSpan.TicksPerDay;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _now);

    public override DateTimeOffset GetUtcNow()
        => new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        _ = timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan time)
    {
        long end = GetTimestamp() + time.Ticks;

        while (Next(end) is { } timer)
        {
            timer.Fire();
        }

        _ = Interlocked.Exchange(ref _now, end);
    }

    private Timer? Next(long end)
    {
        lock (_gate)
        {
            Timer? next = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);

            if (next is not null)
            {
                _ = Interlocked.Exchange(ref _now, Math.Max(GetTimestamp(), next.Due));
                next.Plan(next.Period);
            }

            return next;
        }
    }

    private sealed class Timer(ManualClock clock, Action callback) : ITimer
    {
        private bool _disposed;

        public long Due { get; private set; }

        public TimeSpan Period { get; private set; }

        public void Plan(TimeSpan due)
        {
            _ = clock._timers.Remove(this);

            if (due != Timeout.InfiniteTimeSpan && !_disposed)
            {
                Due = clock.GetTimestamp() + due.Ticks;
                clock._timers.Add(this);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                Period = period;
                Plan(dueTime);
                return !_disposed;
            }
        }

        public void Fire() => callback();

        public void Dispose()
        {
            lock (clock._gate)
            {
                _disposed = true;
                _ = clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
