using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Dht;

/// <summary>A record of this node that is kept published until it is withdrawn.</summary>
public sealed class Publication
{
    private readonly DhtNode _node;

    internal Publication(DhtNode node, NodeId key, TimeSpan lease, CancellationToken stop)
    {
        _node = node;
        Key = key;
        Lease = lease;
        Ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
    }

    /// <summary>Where it is kept.</summary>
    public NodeId Key { get; }

    /// <summary>How long holders keep it after they last heard of it; it is renewed after half of that.</summary>
    public TimeSpan Lease { get; }

    /// <summary>How many nodes, this one included, accepted it the last time.</summary>
    public int Holders { get; internal set; }

    /// <summary>What is published now, or null before the first time and after the withdrawal.</summary>
    internal SignedRecord? Record { get; set; }

    /// <summary>Who accepted it the last time: they are asked to renew it before anybody is searched.</summary>
    internal IReadOnlyList<Routing.Contact> HeldBy { get; set; } = [];

    /// <summary>Renewals since its holders were last searched.</summary>
    internal int Renewals { get; set; }

    /// <summary>What to publish the next time.</summary>
    internal ReadOnlyMemory<byte> Value { get; set; }

    /// <summary>Cancelled when it is renewed no longer.</summary>
    internal CancellationTokenSource Ended { get; }

    /// <summary>Publishes another value in the place of the present one, and waits until it is held.</summary>
    /// <returns>How many nodes hold it.</returns>
    public Task<int> UpdateAsync(ReadOnlyMemory<byte> value, CancellationToken cancel)
        => _node.UpdateAsync(this, value, cancel);

    /// <summary>
    /// Publishes a last value, the tombstone, and renews it no longer. The tombstone outlives every record it replaces.
    /// </summary>
    /// <returns>How many nodes hold it.</returns>
    public Task<int> WithdrawAsync(ReadOnlyMemory<byte> tombstone, CancellationToken cancel)
        => _node.WithdrawAsync(this, tombstone, cancel);
}
