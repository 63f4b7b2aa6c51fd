using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Transport;

/// <summary>Links are one per peer: a set of them needs no names beside, which would be most of its size.</summary>
internal sealed class ByRemote : IEqualityComparer<PooledLink>, IAlternateEqualityComparer<NodeId, PooledLink>
{
    internal static readonly ByRemote Instance = new();

    public bool Equals(PooledLink? x, PooledLink? y) => x?.Link.Remote == y?.Link.Remote;

    public int GetHashCode(PooledLink obj) => obj.Link.Remote.GetHashCode();

    public bool Equals(NodeId alternate, PooledLink other) => other.Link.Remote == alternate;

    public int GetHashCode(NodeId alternate) => alternate.GetHashCode();

    public PooledLink Create(NodeId alternate)
        => throw new NotSupportedException("A link is dialled or accepted, not made from a name.");
}
