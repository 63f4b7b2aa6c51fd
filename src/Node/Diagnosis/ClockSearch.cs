using Swarm.Node.Access;
using Swarm.Protocol;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Diagnosis;

/// <summary>
/// A node that hangs up does not say whether the key or the clock is wrong. Whoever knocks once more as if it were
/// another time learns it: where one knock is answered, the clock is.
/// </summary>
internal static class ClockSearch
{
    // A knock is good for a minute to both sides; steps of less than two leave no gap.
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(110);
    private const int StepsMax = 16;

    // A clock that runs well in the wrong zone is off by hours.
    private const int HoursMax = 14;

    // A node's door has four places for one address.
    private const int AtOnceMax = 3;

    /// <summary>By how much to set the clock forward so that somebody opens; null when nobody ever does.</summary>
    /// <param name="choice">The swarm, and its key.</param>
    /// <param name="doors">Where it hangs up.</param>
    /// <param name="time">The clock that may be wrong.</param>
    /// <param name="cancel">Ends the search.</param>
    public static async Task<TimeSpan?> FindAsync(
        SwarmChoice choice, IReadOnlyList<PeerAddress> doors, TimeProvider time, CancellationToken cancel)
    {
        foreach (TimeSpan[] shifts in Shifts().Chunk(AtOnceMax))
        {
            TimeSpan?[] leads = await Task.WhenAll(
                shifts.Select(shift => OpenAsync(choice, doors, new ShiftedTime(time, shift), time, cancel)));

            for (int i = 0; i < shifts.Length; i++)
            {
                if (leads[i] is { } lead)
                {
                    return lead == TimeSpan.Zero ? shifts[i] : lead;
                }
            }
        }

        return null;
    }

    // The likely first: a clock that is a few minutes off, then one in the wrong zone.
    internal static IEnumerable<TimeSpan> Shifts()
        => Enumerable.Range(1, StepsMax).Select(step => step * Step)
            .Concat(Enumerable.Range(1, HoursMax).Select(hour => TimeSpan.FromHours(hour)))
            .SelectMany(shift => (TimeSpan[])[shift, -shift]);

    // Null when nobody opens; zero when who does says no time.
    private static async Task<TimeSpan?> OpenAsync(
        SwarmChoice choice, IReadOnlyList<PeerAddress> doors, ShiftedTime shifted, TimeProvider time,
        CancellationToken cancel)
    {
        await using var guest = SwarmMember.CreateGuest(choice.Name, choice.Keys.OpenForGuest(), shifted);
        guest.Start();
        ILink link;

        try
        {
            link = await guest.Links.GetAsync(doors, cancel);
        }
        catch (Exception closed) when (closed is LinkClosedException or FaultException or ProtocolException)
        {
            return null;
        }

        try
        {
            return await SwarmVisit.AskClockAsync(link, time, cancel) ?? TimeSpan.Zero;
        }
        catch (Exception silent) when (silent is LinkClosedException or FaultException or ProtocolException)
        {
            return TimeSpan.Zero;
        }
    }
}
