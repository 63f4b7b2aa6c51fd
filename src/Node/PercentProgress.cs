namespace Swarm.Node;

/// <summary>Passes on progress in steps a person cares about, and ends work that is no longer wanted.</summary>
internal sealed class PercentProgress(Action<int> report, CancellationToken cancel) : IProgress<double>
{
    // Ten lines for the longest load.
    private const int Step = 10;

    private int _last;

    public void Report(double value)
    {
        cancel.ThrowIfCancellationRequested();
        int percent = (int)(value * 100) / Step * Step;

        // The end is told by the event that follows.
        if (percent > _last && percent < 100)
        {
            _last = percent;
            report(percent);
        }
    }
}
