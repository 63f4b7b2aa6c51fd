namespace Swarm.Node.Generation;

/// <summary>The last times between two signs of progress, and what is usual among them.</summary>
internal sealed class StepTimes
{
    // A window of 64: a few seconds of decoding, so that a route's new pace is learnt soon.
    private const int Window = 64;

    // Fewer say little: one of them may have met a slow moment.
    private const int MiddleMin = 8;

    private readonly Queue<TimeSpan> _times = new();

    /// <summary>The 95th percentile; zero before the first.</summary>
    internal TimeSpan Usual
    {
        get
        {
            TimeSpan[] sorted = [.. _times.Order()];
            return sorted.Length == 0 ? TimeSpan.Zero : sorted[(sorted.Length - 1) * 95 / 100];
        }
    }

    /// <summary>The middle one; null while there are few.</summary>
    internal TimeSpan? Middle => _times.Count < MiddleMin ? null : _times.Order().ElementAt(_times.Count / 2);

    internal void Add(TimeSpan time)
    {
        if (_times.Count == Window)
        {
            _ = _times.Dequeue();
        }

        _times.Enqueue(time);
    }

    internal void Clear() => _times.Clear();
}
