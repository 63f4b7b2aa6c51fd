namespace Swarm.Node.Discovery.PortMapping;

/// <summary>A gateway granted nothing, or said what it may not: the only error its answers can cause.</summary>
internal sealed class GatewayException : Exception
{
    public GatewayException(GatewayFault fault, string message, Exception? cause = null)
        : base(message, cause)
        => Fault = fault;

    public GatewayFault Fault { get; }

    /// <summary>The protocol's own number for it, or 0.</summary>
    public int Code { get; init; }

    /// <summary>When to ask again; zero in its own words leaves it to <see cref="PortMappingLimits"/>.</summary>
    public TimeSpan RetryAfter
    {
        get => field > TimeSpan.Zero
            ? TimeSpan.FromTicks(Math.Clamp(
                field.Ticks, PortMappingLimits.RetryMin.Ticks, PortMappingLimits.NotAllowedRetry.Ticks))
            : Fault is GatewayFault.NotAllowed ? PortMappingLimits.NotAllowedRetry : PortMappingLimits.Retry;
        init;
    }

    /// <summary>An answer that is no answer.</summary>
    public static GatewayException Malformed(string what, Exception? cause = null)
        => new(GatewayFault.Malformed, $"The gateway's answer cannot be used: {what}.", cause);
}
