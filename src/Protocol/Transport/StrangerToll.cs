namespace Swarm.Protocol.Transport;

/// <summary>
/// What strangers cost this node: for as long as refusing them took, nobody new is let in, so that however many knock,
/// they get half of one processor and members the rest. Meanwhile they wait in the system's queue.
/// </summary>
internal sealed class StrangerToll(TimeProvider time)
{
    // A timer is late by up to a millisecond: what is shorter than three would cost strangers much more than half.
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
}
