using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Relaying;

namespace Swarm.Protocol.Transport;

/// <summary>A peer has proved that one of this node's ports is open, by a connection from elsewhere.</summary>
/// <param name="peer">Who dialled.</param>
/// <param name="nonce">What it was asked to bring.</param>
public delegate void DialledBackHandler(NodeId peer, ReadOnlyMemory<byte> nonce);

/// <summary>Makes links: TCP under TLS in life, memory in the simulation.</summary>
public interface ITransport : IAsyncDisposable
{
    /// <summary>Where others can dial this node; empty for a client that does not listen.</summary>
    IReadOnlyList<PeerAddress> Addresses { get; }

    /// <summary>Those of them that are this device's own.</summary>
    IReadOnlyList<PeerAddress> OwnAddresses { get; }

    /// <summary>
    /// Looks which addresses this device has now, and says them in the next Hello; whether they are others than before.
    /// </summary>
    bool Refresh() => false;

    /// <summary>
    /// Whether this node, which does not listen, keeps a port all the same: for whom it meets at the same moment.
    /// </summary>
    bool KeepsPort => false;

    /// <summary>What this node says of itself now; replaced, never changed.</summary>
    Hello Hello { get; }

    /// <summary>A connection came that was dialled only to prove that it can be; it is over.</summary>
    event DialledBackHandler? DialledBack;

    /// <summary>
    /// Says in the next Hello that these addresses of others lead here too, in the place of those said before, and
    /// whether this node can be dialled by anybody.
    /// </summary>
    void Announce(IReadOnlyList<PeerAddress> elsewhere, bool server);

    /// <summary>
    /// Dials a peer. When the address names a node, any other node that answers is refused before a byte is parsed.
    /// </summary>
    /// <exception cref="LinkClosedException">Nobody answers there, or the link failed before its Hello.</exception>
    /// <exception cref="FaultException">The peer refused this node: another swarm, or another version.</exception>
    ValueTask<ILink> DialAsync(PeerAddress address, CancellationToken cancel);

    /// <summary>
    /// Dials a peer only to prove to it that it can be dialled: a connection of its own, not from the port this node
    /// listens at, which carries the peer's nonce and ends.
    /// </summary>
    /// <exception cref="LinkClosedException">The peer does not answer there.</exception>
    /// <exception cref="FaultException">It refused this node.</exception>
    ValueTask DialBackAsync(PeerAddress address, ReadOnlyMemory<byte> nonce, CancellationToken cancel);

    /// <summary>
    /// As <see cref="DialAsync"/>, but from the port this node listens at, where that can be: where the peer then sees
    /// it, others may find a way in.
    /// </summary>
    ValueTask<ILink> DialFromListenerAsync(PeerAddress address, CancellationToken cancel);

    /// <summary>
    /// Dials a node while it dials this one, each from the port it listens at, so that the routers of both take what
    /// comes from the other for an answer.
    /// </summary>
    /// <param name="address">Where the node's end is seen, with the node, which must be the one that answers.</param>
    /// <param name="leads">Whether this node is the client in TLS; the other one is the server.</param>
    /// <param name="after">How long to wait before the first packet; who dials this node meanwhile is met, too.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <exception cref="LinkClosedException">There was no way through, or another node answered.</exception>
    /// <exception cref="FaultException">The peer refused this node.</exception>
    ValueTask<ILink> PunchAsync(PeerAddress address, bool leads, TimeSpan after, CancellationToken cancel);

    /// <summary>Brings a link up in a circuit to a node; the handshake is between its two ends.</summary>
    /// <param name="open">Opens a circuit; again for each key of a keyring that is tried.</param>
    /// <param name="node">Who must answer.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <exception cref="LinkClosedException">The circuit broke, or another node answered.</exception>
    /// <exception cref="FaultException">The peer refused this node.</exception>
    ValueTask<ILink> DialOverAsync(
        Func<CancellationToken, Task<Circuit>> open, NodeId node, CancellationToken cancel);

    /// <summary>The other end of such a circuit; <see cref="AcceptAsync"/> gives the link, too.</summary>
    /// <returns>The link; null when none came up.</returns>
    ValueTask<ILink?> AcceptOverAsync(Circuit circuit, CancellationToken cancel);

    /// <summary>Waits for the next peer that dialled this node and said Hello.</summary>
    ValueTask<ILink> AcceptAsync(CancellationToken cancel);
}
