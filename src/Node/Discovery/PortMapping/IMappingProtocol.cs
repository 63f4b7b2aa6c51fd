namespace Swarm.Node.Discovery.PortMapping;

/// <summary>One way to ask one gateway for a mapping. Every method ends within the limits, or with its token.</summary>
internal interface IMappingProtocol
{
    /// <summary>For people.</summary>
    string Name { get; }

    /// <summary>Asks whether the gateway speaks this protocol.</summary>
    /// <exception cref="GatewayException">It does not, or not within <paramref name="patience"/>.</exception>
    Task ProbeAsync(TimeSpan patience, CancellationToken cancel);

    /// <summary>Makes the mapping, or renews it.</summary>
    /// <exception cref="GatewayException">It was not granted.</exception>
    Task<Mapping> MapAsync(MappingRequest request, CancellationToken cancel);

    /// <summary>Asks, without changing anything, whether the gateway still knows the mapping.</summary>
    /// <exception cref="GatewayException">It does not say.</exception>
    Task<bool> StillHoldsAsync(Mapping mapping, CancellationToken cancel);

    /// <summary>Gives the mapping back.</summary>
    /// <exception cref="GatewayException">The gateway did not confirm; the lease ends by itself.</exception>
    Task ReleaseAsync(Mapping mapping, CancellationToken cancel);
}
