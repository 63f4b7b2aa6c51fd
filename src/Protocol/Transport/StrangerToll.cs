namespace Swarm.Protocol.Transport;

/// <summary>
/// What strangers cost this node: for as long as refusing them took, nobody new is let in, so that however many knock,
/// they get half of one processor and members the rest. Meanwhile they wait in the system's queue.
/// </summary>
internal sealed class StrangerToll(TimeProvider time)
{
    // A timer is late by up to a millisecond: shorter rests would be mostly lateness.
    private static readonly TimeSpan RestMin = TimeSpan.FromMilliseconds(3);

    // A thread that was kept waiting itself must not keep members waiting.
    private static readonly TimeSpan RestMax = TimeSpan.FromMilliseconds(10);

    private long _owedTicks;

    /// <summary>A stranger has been refused, which began at this timestamp.</summary>
    internal void Charge(long began) => _ = Interlocked.Add(ref _owedTicks, time.GetElapsedTime(began).Ticks);

    /// <summary>How long nobody new is let in; mostly zero. What is answered is paid.</summary>
    internal TimeSpan Collect()
    {
        if (Volatile.Read(ref _owedTicks) < RestMin.Ticks)
        {
            return TimeSpan.Zero;
        }

        return TimeSpan.FromTicks(Math.Min(Interlocked.Exchange(ref _owedTicks, 0), RestMax.Ticks));
    }

    /// <summary>
    /// Nobody was let in since this timestamp: what was rested beyond what was asked for is given back.
    /// </summary>
    /// <param name="began">When the rest began.</param>
    /// <param name="asked">How long it was to be.</param>
    internal void Rested(long began, TimeSpan asked)
    {
        long late = time.GetElapsedTime(began).Ticks - asked.Ticks;

        // A device that slept for a minute must not be open to strangers for one.
        _ = Interlocked.Add(ref _owedTicks, -Math.Clamp(late, 0, RestMin.Ticks));
    }
}
