namespace Swarm.Node.Discovery.PortMapping.Pcp;

/// <summary>RFC 6887, section 19.2.</summary>
internal enum PcpOpcode
{
    Announce = 0,
    Map = 1,
}
