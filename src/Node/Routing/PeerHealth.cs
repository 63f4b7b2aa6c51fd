using Swarm.Protocol.Identity;

namespace Swarm.Node.Routing;

/// <summary>
/// A breaker per peer: closed while it works; open after a failure, twice as long after each further one; then half
/// open, for one attempt. Only what a peer itself did wrong is told here.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="random">For the jitter.</param>
/// <param name="options">How long peers are left alone.</param>
public sealed class PeerHealth(TimeProvider time, Random random, PeerHealthOptions? options = null)
{
    private readonly PeerHealthOptions _options = options ?? new PeerHealthOptions();
    private readonly Dictionary<NodeId, Breaker> _breakers = [];
    private readonly Lock _lock = new();

    /// <summary>Whether the peer may be asked now.</summary>
    public bool IsUsable(NodeId peer) => UsableIn(peer) == TimeSpan.Zero;

    /// <summary>How long the peer is still left alone; zero when it may be asked.</summary>
    public TimeSpan UsableIn(NodeId peer)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();

            return _breakers.TryGetValue(peer, out Breaker? breaker) && breaker.OpenUntil > now
                ? time.GetElapsedTime(now, breaker.OpenUntil)
                : TimeSpan.Zero;
        }
    }

    /// <summary>The peer failed: it is left alone, longer each time.</summary>
    public void Failed(NodeId peer)
    {
        lock (_lock)
        {
            Breaker breaker = Get(peer);
            double seconds = _options.First.TotalSeconds * Math.Pow(2, Math.Min(breaker.Failures++, 30));
            Open(breaker, TimeSpan.FromSeconds(Math.Min(seconds, _options.Longest.TotalSeconds)));
        }
    }

    /// <summary>The peer is well but has no room: it said when to come back.</summary>
    public void Refused(NodeId peer, TimeSpan retryAfter)
    {
        lock (_lock)
        {
            Open(Get(peer), retryAfter < _options.Longest ? retryAfter : _options.Longest);
        }
    }

    /// <summary>The peer is about to be asked. After failures this is its one attempt.</summary>
    public void Trying(NodeId peer)
    {
        lock (_lock)
        {
            if (_breakers.TryGetValue(peer, out Breaker? breaker) && breaker.Failures > 0)
            {
                Open(breaker, _options.Trial);
            }
        }
    }

    /// <summary>The peer did what it should.</summary>
    public void Succeeded(NodeId peer)
    {
        lock (_lock)
        {
            _ = _breakers.Remove(peer);
        }
    }

    private Breaker Get(NodeId peer)
    {
        if (_breakers.TryGetValue(peer, out Breaker? breaker))
        {
            return breaker;
        }

        if (_breakers.Count >= _options.PeersMax)
        {
            _ = _breakers.Remove(_breakers.MinBy(entry => entry.Value.OpenUntil).Key);
        }

        return _breakers[peer] = new Breaker();
    }

    private void Open(Breaker breaker, TimeSpan wait)
    {
        double drawn = wait.TotalSeconds * (1 + (_options.Jitter * ((2 * random.NextDouble()) - 1)));
        breaker.OpenUntil = time.GetTimestamp() + (long)(drawn * time.TimestampFrequency);
    }

    private sealed class Breaker
    {
        public int Failures { get; set; }

        public long OpenUntil { get; set; }
    }
}
