using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

/// <summary>What one end of a link in memory says to the other.</summary>
internal sealed class MemoryPacket(MemoryPacketKind kind, uint stream)
{
    internal MemoryPacketKind Kind { get; } = kind;

    internal uint Stream { get; } = stream;

    internal Envelope? Message { get; init; }

    internal byte[] Payload { get; init; } = [];

    internal int Credit { get; init; }

    internal StreamPriority Priority { get; init; }

    internal Fault? Fault { get; init; }

    /// <summary>The sender's side of the stream ends with this message.</summary>
    internal bool Ends { get; set; }

    /// <summary>The size on the wire, for whoever models bandwidth.</summary>
    internal int Bytes => Wire.FrameHeader.Size + (Kind <= MemoryPacketKind.Message ? Credit : 0);

    /// <summary>When it was sent, by the network's clock.</summary>
    internal long Sent { get; set; }

    /// <summary>When it arrives.</summary>
    internal long Due { get; set; }

    /// <summary>Whether a timer will deliver it.</summary>
    internal bool IsAwaited { get; set; }

    /// <summary>What follows it on the same way; the first, after the last.</summary>
    internal MemoryPacket? Next { get; set; }
}
