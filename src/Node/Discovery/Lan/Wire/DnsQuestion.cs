namespace Swarm.Node.Discovery.Lan.Wire;

/// <summary>What somebody asks.</summary>
/// <param name="Name">Of which name.</param>
/// <param name="Type">For records of which type.</param>
internal sealed record DnsQuestion(DnsName Name, DnsType Type)
{
    /// <summary>Whether a record answers it.</summary>
    public bool IsAnsweredBy(DnsRecord record)
        => (Type == DnsType.Any || Type == record.Type) && Name.Equals(record.Name);
}
