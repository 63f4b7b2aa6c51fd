namespace Swarm.Protocol.Transport;

/// <summary>Takes what comes from the other side of a link. Neither call may wait.</summary>
public interface ILinkServer
{
    /// <summary>The peer has opened a stream.</summary>
    void OnStream(ILinkStream stream);

    /// <summary>The link is gone: no more streams will come.</summary>
    void OnClosed();
}
