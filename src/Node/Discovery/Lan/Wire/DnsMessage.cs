namespace Swarm.Node.Discovery.Lan.Wire;

/// <summary>A DNS packet as service discovery uses it.</summary>
internal sealed record DnsMessage
{
    /// <summary>0 in multicast; in a one-shot query, what its answer repeats.</summary>
    public ushort Id { get; init; }

    /// <summary>Whether it answers, or asks.</summary>
    public required bool IsResponse { get; init; }

    /// <summary>More known answers follow in the next packet.</summary>
    public bool IsTruncated { get; init; }

    /// <summary>What is asked.</summary>
    public IReadOnlyList<DnsQuestion> Questions { get; init; } = [];

    /// <summary>Answers; in a query those that the asker knows already.</summary>
    public IReadOnlyList<DnsRecord> Answers { get; init; } = [];

    /// <summary>In a probe, what the prober wants to claim.</summary>
    public IReadOnlyList<DnsRecord> Authorities { get; init; } = [];

    /// <summary>What the asker will ask next.</summary>
    public IReadOnlyList<DnsRecord> Additionals { get; init; } = [];
}
