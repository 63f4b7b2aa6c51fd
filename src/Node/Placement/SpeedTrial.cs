using Swarm.Inference.Forward;

namespace Swarm.Node.Placement;

/// <summary>Measures how long this device needs for one token through one block.</summary>
internal static class SpeedTrial
{
    // Long enough to pass the first slow calls, short enough not to be noticed.
    private static readonly TimeSpan Length = TimeSpan.FromMilliseconds(60);

    private const int PositionsMax = 64;

    /// <summary>Runs a loaded span for a moment; the least of its times is what the device can do.</summary>
    public static double MeasurePerBlockMs(ModelSpan span, TimeProvider time)
    {
        using KvCache cache = span.NewCache(span.Blocks, PositionsMax, KvCacheType.F16);
        float[] rows = new float[span.Config.Width];
        int[] tokens = [0];
        long started = time.GetTimestamp();
        double best = double.MaxValue;

        while (cache.Length < PositionsMax && time.GetElapsedTime(started) < Length)
        {
            Array.Fill(rows, 0.01f);
            long before = time.GetTimestamp();
            span.Run([new StepSlice
            {
                Cache = cache,
                Blocks = span.Blocks,
                Position = cache.Length,
                Tokens = tokens,
                Rows = rows,
            }]);
            best = Math.Min(best, time.GetElapsedTime(before).TotalMilliseconds);
        }

        return best / span.Blocks.Count;
    }
}
