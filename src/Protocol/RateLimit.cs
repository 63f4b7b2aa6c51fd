using Swarm.Protocol.Identity;

namespace Swarm.Protocol;

/// <summary>How much each peer may ask for: so much at once, so much a second in the long run.</summary>
/// <remarks>A plain structure: no clock, no lock.</remarks>
/// <param name="perSecond">What comes back in a second.</param>
/// <param name="burst">What a peer may take at once.</param>
/// <param name="peersMax">How many peers are remembered; when all have taken something, a new one gets nothing.</param>
public sealed class RateLimit(double perSecond, double burst, int peersMax)
{
    private readonly Dictionary<NodeId, (double Tokens, TimeSpan At)> _buckets = [];

    /// <summary>Takes a share of a peer's allowance; false when it has none left.</summary>
    public bool TryTake(NodeId peer, TimeSpan now)
    {
        if (!_buckets.TryGetValue(peer, out (double Tokens, TimeSpan At) bucket))
        {
            if (_buckets.Count >= peersMax && !Forget(now))
            {
                return false;
            }

            bucket = (burst, now);
        }

        double tokens = Math.Min(burst, bucket.Tokens + (perSecond * (now - bucket.At).TotalSeconds));
        bool allowed = tokens >= 1;
        _buckets[peer] = (allowed ? tokens - 1 : tokens, now);
        return allowed;
    }

    // Who has its whole allowance back need not be remembered.
    private bool Forget(TimeSpan now)
    {
        foreach ((NodeId peer, (double tokens, TimeSpan at)) in _buckets.ToArray())
        {
            if (tokens + (perSecond * (now - at).TotalSeconds) >= burst)
            {
                _ = _buckets.Remove(peer);
            }
        }

        return _buckets.Count < peersMax;
    }
}
