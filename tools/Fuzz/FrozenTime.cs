namespace Swarm.Fuzz;

/// <summary>A clock that stands still, and whose timers never ring.</summary>
internal sealed class FrozenTime : TimeProvider
{
    public static readonly FrozenTime Now = new();

    private FrozenTime()
    {
    }

    /// <summary>The moment at which it stands.</summary>
    public static DateTimeOffset Utc { get; } = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Utc;

    public override long GetTimestamp() => TimeSpan.TicksPerDay;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        => SilentTimer.Instance;

    private sealed class SilentTimer : ITimer
    {
        public static readonly SilentTimer Instance = new();

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
