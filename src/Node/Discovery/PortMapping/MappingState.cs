namespace Swarm.Node.Discovery.PortMapping;

/// <summary>How this node stands with its gateway.</summary>
/// <param name="Mapping">What leads here now, or null.</param>
/// <param name="Protocol">By which protocol, or nothing.</param>
/// <param name="Why">Without a mapping: the reason, for a person.</param>
internal sealed record MappingState(Mapping? Mapping, string Protocol, string Why)
{
    /// <summary>A mapping stands.</summary>
    public static MappingState Of(Grant grant) => new(grant.Mapping, grant.Protocol.Name, "");

    /// <summary>No mapping.</summary>
    public static MappingState None(string why) => new(null, "", why);

    /// <summary>Whether a person or a peer would see a difference.</summary>
    public bool IsNewsAfter(MappingState? before)
        => before is null
            || before.Protocol != Protocol
            || before.Why != Why
            || !Equals(before.Mapping?.External, Mapping?.External);
}
