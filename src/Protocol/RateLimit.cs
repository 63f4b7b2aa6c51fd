using Swarm.Protocol.Identity;

namespace Swarm.Protocol;

/// <summary>How much each peer may ask for: so much at once, so much a second in the long run.</summary>
/// <remarks>A plain structure: no clock, no lock.</remarks>
/// <param name="perSecond">What comes back in a second.</param>
/// <param name="burst">What a peer may take at once.</param>
/// <param name="peersMax">How many peers are remembered; when all have taken something, a new one gets nothing.</param>
public sealed class RateLimit(double perSecond, double burst, int peersMax)
{
    // Who can be forgotten is looked for when there are twice as many as were left the last time.
    private const int ForgetAtLeast = 16;

    private readonly Dictionary<NodeId, (double Tokens, TimeSpan At)> _buckets = [];
    private int _forgetAt = ForgetAtLeast;

    /// <summary>Takes a share of a peer's allowance; false when it has none left.</summary>
    public bool TryTake(NodeId peer, TimeSpan now)
    {
        if (!_buckets.TryGetValue(peer, out (double Tokens, TimeSpan At) bucket))
        {
            if (_buckets.Count >= Math.Min(_forgetAt, peersMax) && !Forget(now))
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
        foreach ((NodeId peer, (double tokens, TimeSpan at)) in _buckets)
        {
            if (tokens + (perSecond * (now - at).TotalSeconds) >= burst)
            {
                _ = _buckets.Remove(peer);
            }
        }

        _forgetAt = Math.Max(ForgetAtLeast, 2 * _buckets.Count);
        return _buckets.Count < peersMax;
    }
}
