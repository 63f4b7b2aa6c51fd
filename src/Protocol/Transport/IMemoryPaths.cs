namespace Swarm.Protocol.Transport;

/// <summary>What lies between nodes in memory: the simulation's weather.</summary>
public interface IMemoryPaths
{
    /// <summary>How long so many bytes take from one node to another.</summary>
    TimeSpan Delay(MemoryTransport source, MemoryTransport target, int bytes);

    /// <summary>
    /// Whether anything passes now. What does not pass is held, as TCP holds it, until the path opens or the link is
    /// given up. Whoever changes the answer calls <see cref="MemoryNetwork.PathsChanged"/>.
    /// </summary>
    bool IsOpen(MemoryTransport source, MemoryTransport target);

    /// <summary>What a dial from one node to another meets.</summary>
    DialFate Dial(MemoryTransport source, MemoryTransport target);

    /// <summary>Whether two nodes that dial each other at the same time meet.</summary>
    bool CanPunch(MemoryTransport source, MemoryTransport target) => true;

    /// <summary>Whether a dial to an address nobody listens at meets silence instead of a refusal.</summary>
    bool IsLost(PeerAddress address);
}
