namespace Swarm.Node.Discovery.PortMapping.NatPmp;

/// <summary>RFC 6886, section 3.5.</summary>
internal enum NatPmpResult
{
    Success = 0,
    UnsupportedVersion = 1,
    NotAuthorized = 2,
    NetworkFailure = 3,
    NoResources = 4,
    UnsupportedOpcode = 5,
}
