using System.Net;

namespace Swarm.Node.Discovery.PortMapping;

/// <summary>What a gateway granted: TCP to its external endpoint reaches this device.</summary>
/// <param name="External">The gateway's own address and the port there.</param>
/// <param name="InternalPort">The port here.</param>
/// <param name="Lifetime">From the grant on; the gateway forgets the mapping afterwards.</param>
internal sealed record Mapping(IPEndPoint External, int InternalPort, TimeSpan Lifetime);
