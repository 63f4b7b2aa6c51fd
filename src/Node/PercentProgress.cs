namespace Swarm.Node;

/// <summary>Passes on progress as often as a person looks, and ends work that is no longer wanted.</summary>
internal sealed class PercentProgress(Action<int> report, TimeProvider time, CancellationToken cancel)
    : IProgress<double>
{
    // What takes less than this needs no progress.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private long _last = time.GetTimestamp();

    public void Report(double value)
    {
        cancel.ThrowIfCancellationRequested();

        if (time.GetElapsedTime(_last) >= Interval)
        {
            _last = time.GetTimestamp();
            report((int)(value * 100));
        }
    }
}
