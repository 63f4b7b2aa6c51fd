using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Transport;

/// <summary>What the two ends of a link of a private swarm have proved to one another, and prove anew.</summary>
/// <param name="keyring">This node's keys, as they are at the time of each question.</param>
/// <param name="own">What this node's proofs cover: its certificate on this link.</param>
/// <param name="theirs">What the peer's proofs cover.</param>
/// <param name="proofs">The proofs in the peer's certificate.</param>
internal sealed class LinkMembership(SwarmKeyring keyring, byte[] own, byte[] theirs, byte[] proofs)
{
    private volatile byte[] _proofs = proofs;

    /// <summary>Whether the peer has proved that it knows one of the keys that are accepted now.</summary>
    internal bool Holds => MembershipProof.Holds(theirs, _proofs, keyring.Keys);

    /// <summary>The first of the keys accepted now that the peer has proved; null when there is none.</summary>
    internal SwarmKey? Shared
        => keyring.Keys.FirstOrDefault(key => MembershipProof.Holds(theirs, _proofs, [key]));

    /// <summary>This node's proofs with its keys of now.</summary>
    internal byte[] Prove() => MembershipProof.Write(own, keyring.Keys);

    /// <summary>The peer's keys have changed; its proofs count when this node's own are the same.</summary>
    internal void Learn(ReadOnlySpan<byte> proofs) => _proofs = proofs.ToArray();
}
