namespace Swarm.Node.Discovery.Lan;

/// <summary>So many a second, after a burst of so many: a token bucket.</summary>
internal sealed class RateBudget(double perSecond, double burst)
{
    // Taken from the burst and not yet given back.
    private double _taken;
    private TimeSpan _at;

    /// <summary>Takes one if there is one.</summary>
    public bool TryTake(TimeSpan now)
    {
        Refill(now);

        if (_taken > burst - 1)
        {
            return false;
        }

        _taken++;
        return true;
    }

    /// <summary>How long until there is one.</summary>
    public TimeSpan Wait(TimeSpan now)
    {
        Refill(now);
        double missing = _taken - (burst - 1);
        return missing <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(missing / perSecond) + TimeSpan.FromTicks(1);
    }

    private void Refill(TimeSpan now)
    {
        _taken = Math.Max(0, _taken - ((now - _at).TotalSeconds * perSecond));
        _at = now;
    }
}
