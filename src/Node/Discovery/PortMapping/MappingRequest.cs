using System.Net;

namespace Swarm.Node.Discovery.PortMapping;

/// <summary>What to ask a gateway for; a renewal asks for what it granted before.</summary>
/// <param name="InternalPort">The port here, 1 to 65535.</param>
/// <param name="ExternalPort">The port there; never 0, which some gateways read as all of them.</param>
/// <param name="ExternalAddress">The address granted before, or null.</param>
internal sealed record MappingRequest(int InternalPort, int ExternalPort, IPAddress? ExternalAddress = null);
