namespace Swarm.Node.Discovery.PortMapping;

/// <summary>
/// Notices that a gateway has lost its mappings: its count of seconds since it last did went back, or does not fit
/// the time that passed here.
/// </summary>
internal sealed class GatewayEpoch(TimeProvider time, bool isPcp)
{
    private const double SlackSeconds = 2;

    private long _observedAt;
    private uint? _last;

    /// <summary>Takes the epoch of an answer.</summary>
    /// <returns>False when the gateway's state before this answer is gone.</returns>
    public bool Observe(uint epoch)
    {
        double here = time.GetElapsedTime(_observedAt).TotalSeconds;
        double there = (double)epoch - (_last ?? epoch);
        bool isFirst = _last is null;
        _observedAt = time.GetTimestamp();
        _last = epoch;

        return isFirst || (isPcp ? Fits(here, there) : there >= (here * 7 / 8) - SlackSeconds);
    }

    // RFC 6887, section 8.5; the other rule is RFC 6886, section 3.6.
    private static bool Fits(double here, double there)
        => there >= -1
            && here + SlackSeconds >= there - (there / 16)
            && there + SlackSeconds >= here - (here / 16);
}
