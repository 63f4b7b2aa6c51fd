namespace Swarm.Node.Diagnosis;

/// <summary>A clock that is set otherwise: what this device would do if it knew the time.</summary>
/// <param name="time">The device's own clock.</param>
/// <param name="shift">By how much to set it forward.</param>
internal sealed class ShiftedTime(TimeProvider time, TimeSpan shift) : TimeProvider
{
    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + shift;

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        => time.CreateTimer(callback, state, dueTime, period);
}
