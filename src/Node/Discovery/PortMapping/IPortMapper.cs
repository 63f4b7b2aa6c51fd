using System.Net;

namespace Swarm.Node.Discovery.PortMapping;

/// <summary>Makes a listening port reachable from beyond the gateway.</summary>
internal interface IPortMapper
{
    /// <summary>Keeps the port mapped until told to stop, then gives the mapping back. Never fails.</summary>
    /// <param name="listener">Where this node listens: TCP, IPv4 (or any IPv6, which takes IPv4 as well).</param>
    /// <param name="report">Hears each change, and nothing twice.</param>
    /// <param name="stop">Ends the mapping.</param>
    Task KeepAsync(IPEndPoint listener, Action<MappingState> report, CancellationToken stop);
}
