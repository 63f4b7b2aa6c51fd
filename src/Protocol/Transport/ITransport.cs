namespace Swarm.Protocol.Transport;

/// <summary>Makes links: TCP under TLS in life, memory in the simulation.</summary>
public interface ITransport : IAsyncDisposable
{
    /// <summary>Where others can dial this node; empty for a client that does not listen.</summary>
    IReadOnlyList<PeerAddress> Addresses { get; }

    /// <summary>
    /// Adds addresses of others that lead here, such as a gateway's mapped port, in the place of those added before.
    /// Peers hear of them in the next Hello.
    /// </summary>
    void Announce(IReadOnlyList<PeerAddress> elsewhere);

    /// <summary>
    /// Dials a peer. When the address names a node, any other node that answers is refused before a byte is parsed.
    /// </summary>
    /// <exception cref="LinkClosedException">Nobody answers there, or the link failed before its Hello.</exception>
    /// <exception cref="FaultException">The peer refused this node: another swarm, or another version.</exception>
    ValueTask<ILink> DialAsync(PeerAddress address, CancellationToken cancel);

    /// <summary>Waits for the next peer that dialled this node and said Hello.</summary>
    ValueTask<ILink> AcceptAsync(CancellationToken cancel);
}
