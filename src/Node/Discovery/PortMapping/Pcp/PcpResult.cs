namespace Swarm.Node.Discovery.PortMapping.Pcp;

/// <summary>RFC 6887, section 7.4.</summary>
internal enum PcpResult
{
    Success = 0,
    UnsupportedVersion = 1,
    NotAuthorized = 2,
    MalformedRequest = 3,
    UnsupportedOpcode = 4,
    UnsupportedOption = 5,
    MalformedOption = 6,
    NetworkFailure = 7,
    NoResources = 8,
    UnsupportedProtocol = 9,
    OverQuota = 10,
    CannotProvideExternal = 11,
    AddressMismatch = 12,
    TooManyPeers = 13,
}
