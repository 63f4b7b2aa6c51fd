using System.Diagnostics;

namespace Swarm.Testing;

/// <summary>Waits for what must become true, and says when it did not.</summary>
public static class Waiting
{
    /// <summary>
    /// Asks again every few milliseconds of the given clock until true, at most for <paramref name="patience"/>.
    /// </summary>
    public static async Task UntilAsync(Func<bool> condition, TimeProvider clock, TimeSpan? patience = null)
    {
        TimeSpan most = patience ?? TimeSpan.FromSeconds(30);
        long start = clock.GetTimestamp();

        while (!condition())
        {
            if (clock.GetElapsedTime(start) > most)
            {
                throw new UnreachableException($"What was waited for did not become true within {most}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), clock);
        }
    }
}
