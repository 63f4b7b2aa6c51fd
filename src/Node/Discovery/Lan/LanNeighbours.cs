using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Discovery.Lan;

/// <summary>
/// Which nodes of other swarms the local network has. They are never dialled: a person without a way into a swarm is
/// told that there is one.
/// </summary>
internal static class LanNeighbours
{
    // Beyond the last one-shot question by the time of an answer.
    private static readonly TimeSpan LookMax = TimeSpan.FromSeconds(1);

    /// <summary>Looks around for a second.</summary>
    /// <param name="own">The swarm whose nodes do not count; null when there is none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Ends it early.</param>
    /// <returns>One hint for each node that was announced until then.</returns>
    public static async Task<IReadOnlyList<LanHint>> LookAsync(
        SwarmId? own, TimeProvider time, CancellationToken cancel)
    {
        var seen = new Dictionary<NodeId, LanHint>();
        var discovery = new LanDiscovery(
            swarm: null, service: null, time, new EntropyRandom(), NullLogger.Instance);

        await using (discovery)
        {
            discovery.Found += hint => Note(seen, hint, own);
            discovery.Start();

            try
            {
                await Task.Delay(LookMax, time, cancel);
            }
            catch (OperationCanceledException)
            {
                // What was seen until now is the answer.
            }
        }

        lock (seen)
        {
            return [.. seen.Values];
        }
    }

    /// <summary>Where the first of them is, for people.</summary>
    public static string Where(IReadOnlyList<LanHint> found)
        => (found[0].Addresses[0] with { Node = null }).ToString();

    private static void Note(Dictionary<NodeId, LanHint> seen, LanHint hint, SwarmId? own)
    {
        lock (seen)
        {
            if (hint.Swarm != own && seen.Count < LanLimits.InstancesMax)
            {
                seen[hint.Node] = hint;
            }
        }
    }
}
