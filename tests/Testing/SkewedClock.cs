namespace Swarm.Testing;

/// <summary>
/// A device's own clock: time passes on it as in the simulation, but it shows another time of day, and may wander.
/// </summary>
/// <param name="truth">The simulation's clock.</param>
/// <param name="offset">How far it is ahead of the truth; negative when it is behind.</param>
/// <param name="drift">By how much more it gains in each second: crystals are off by up to 200 millionths.</param>
public sealed class SkewedClock(TimeProvider truth, TimeSpan offset, double drift = 0) : TimeProvider
{
    // A simulation begins in 1970; no clock may show a time before that.
    private static readonly TimeSpan Since1970 = TimeSpan.FromDays(20_000);

    /// <summary>How far it was ahead when the simulation began; a person or a time server may set it anew.</summary>
    public TimeSpan Offset { get; set; } = offset;

    /// <summary>How far it is ahead now.</summary>
    public TimeSpan Ahead => Offset + (drift * (truth.GetUtcNow() - DateTimeOffset.UnixEpoch));

    public override long TimestampFrequency => truth.TimestampFrequency;

    public override long GetTimestamp() => truth.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => truth.GetUtcNow() + Since1970 + Ahead;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        => truth.CreateTimer(callback, state, dueTime, period);
}
