namespace Swarm.Node.Discovery.PortMapping;

/// <summary>When to renew a lease: at a half of it, and while that fails at three quarters and seven eighths.</summary>
/// <remarks>RFC 6887, section 11.2.1; each try comes up to a quarter of what is left later, by chance.</remarks>
internal static class RenewalSchedule
{
    private const int TriesMax = 3;

    /// <summary>From the grant to the try after <paramref name="failures"/> failed ones; null: there is none.</summary>
    public static TimeSpan? Next(TimeSpan lifetime, int failures, Random random)
    {
        if (failures >= TriesMax)
        {
            return null;
        }

        TimeSpan bounded = lifetime > PortMappingLimits.LifetimeMax ? PortMappingLimits.LifetimeMax : lifetime;
        double left = Math.Pow(0.5, failures + 1);
        TimeSpan due = bounded * (1 - left + (left / 4 * random.NextDouble()));
        TimeSpan least = PortMappingLimits.RenewMin * (failures + 1);
        return due > least ? due : least;
    }
}
