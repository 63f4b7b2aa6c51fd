namespace Swarm.Protocol;

/// <summary>So many a second, after a burst of so many: a token bucket.</summary>
/// <remarks>A plain structure: no clock, no lock.</remarks>
/// <param name="perSecond">What comes back in a second.</param>
/// <param name="burst">What may be taken at once.</param>
public sealed class RateBudget(double perSecond, double burst)
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

    /// <summary>Whether all that was taken has come back.</summary>
    public bool IsWhole(TimeSpan now)
    {
        Refill(now);
        return _taken == 0;
    }

    private void Refill(TimeSpan now)
    {
        _taken = Math.Max(0, _taken - ((now - _at).TotalSeconds * perSecond));
        _at = now;
    }
}
