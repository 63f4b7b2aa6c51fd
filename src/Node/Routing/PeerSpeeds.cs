using Swarm.Protocol.Identity;

namespace Swarm.Node.Routing;

/// <summary>
/// What peers were found to take for a block, where that is more than they say. A claim is believed until a session has
/// tried it; what the session took then is shared out among its stages, so that together they take as long (Kaczmarz's
/// method: a stage that is blamed for another is cleared by the next session without that one).
/// </summary>
/// <param name="time">The clock.</param>
public sealed class PeerSpeeds(TimeProvider time)
{
    // A network that is slow for a moment is no lie.
    private const double Tolerance = 1.5;

    // The weight of a session where something was found against each stage before.
    private const double Share = 0.2;

    // As many as peers whose failures are remembered.
    private const int PeersMax = 4096;

    // A device that was busy is not slow for ever; one that lies is tried again once in so long.
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(10);

    private readonly Dictionary<NodeId, (double BlockMs, long At)> _found = [];
    private readonly Lock _lock = new();

    /// <summary>
    /// What the peer takes for a block in milliseconds, at least; 0 when nothing is known against its word.
    /// </summary>
    public double BlockMs(NodeId peer)
    {
        lock (_lock)
        {
            return _found.TryGetValue(peer, out (double BlockMs, long At) found)
                && time.GetElapsedTime(found.At) < Memory
                ? found.BlockMs
                : 0;
        }
    }

    /// <summary>A session has gone over a route.</summary>
    /// <param name="expected">How long its tokens should have taken.</param>
    /// <param name="tookMs">How long one took.</param>
    public void Learn(RoutePace expected, double tookMs)
    {
        lock (_lock)
        {
            double error = tookMs - expected.TokenMs;
            bool isUsual = tookMs < expected.TokenMs * Tolerance && tookMs > expected.TokenMs / Tolerance;
            bool isFound = expected.Stages.All(stage => _found.ContainsKey(stage.Node));
            double step = (isUsual ? 0 : isFound ? Share : 1) * error
                / expected.Stages.Sum(stage => (double)stage.Blocks * stage.Blocks);

            foreach (RoutePace.Part stage in expected.Stages)
            {
                double blockMs = stage.BlockMs + (step * stage.Blocks);
                _ = _found.Remove(stage.Node);

                if (blockMs > stage.ClaimedMs)
                {
                    MakeRoom();
                    _found[stage.Node] = (blockMs, time.GetTimestamp());
                }
            }
        }
    }

    private void MakeRoom()
    {
        if (_found.Count >= PeersMax)
        {
            _ = _found.Remove(_found.MinBy(found => found.Value.At).Key);
        }
    }
}
