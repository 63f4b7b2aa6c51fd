using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

/// <summary>What one end of a link in memory says to the other.</summary>
internal sealed record MemoryPacket(
    MemoryPacketKind Kind,
    uint Stream,
    Envelope? Message = null,
    byte[]? Payload = null,
    int Credit = 0,
    StreamPriority Priority = StreamPriority.Control,
    Fault? Fault = null)
{
    /// <summary>The size on the wire, for whoever models bandwidth.</summary>
    internal int Bytes => Wire.FrameHeader.Size + (Kind <= MemoryPacketKind.Message ? Credit : 0);

    /// <summary>When it arrives, by the network's clock.</summary>
    internal long Due { get; set; }

    /// <summary>What follows it on the same way.</summary>
    internal MemoryPacket? Next { get; set; }
}
