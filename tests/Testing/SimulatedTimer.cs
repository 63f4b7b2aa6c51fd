namespace Swarm.Testing;

/// <summary>A timer of a <see cref="SimulatedClock"/>, which knows where it waits: most are taken back.</summary>
internal sealed class SimulatedTimer(SimulatedClock clock, TimerCallback callback, object? state) : ITimer
{
    private TimeSpan _period = Timeout.InfiniteTimeSpan;

    /// <summary>Where it is in the heap or in its slot; -1 when it is not due.</summary>
    internal int Place { get; set; } = -1;

    /// <summary>The slot it lies in; -1 when it is in the heap or not due.</summary>
    internal int Slot { get; set; } = -1;

    internal long Due { get; set; }

    /// <summary>Of those due at one time, the first that was set comes first.</summary>
    internal long Order { get; set; }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        _period = period;

        if (Place >= 0)
        {
            clock.Remove(this);
        }

        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            clock.Add(this, dueTime);
        }

        return true;
    }

    public void Dispose()
    {
        if (Place >= 0)
        {
            clock.Remove(this);
        }

        _period = Timeout.InfiniteTimeSpan;
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    internal void Fire()
    {
        if (_period != Timeout.InfiniteTimeSpan)
        {
            _ = Change(_period, _period);
        }

        callback(state);
    }
}
