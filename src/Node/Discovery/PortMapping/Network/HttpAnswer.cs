namespace Swarm.Node.Discovery.PortMapping.Network;

/// <summary>A status code, and at most <see cref="PortMappingLimits.HttpBytesMax"/> bytes.</summary>
internal sealed record HttpAnswer(int Status, byte[] Body);
