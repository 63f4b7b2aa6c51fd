namespace Swarm.Node.Discovery.PortMapping;

/// <summary>A mapping, and the protocol that renews it.</summary>
internal sealed record Grant(IMappingProtocol Protocol, Mapping Mapping);
