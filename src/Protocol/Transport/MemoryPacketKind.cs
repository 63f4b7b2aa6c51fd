namespace Swarm.Protocol.Transport;

/// <summary>The kinds of <see cref="MemoryPacket"/>.</summary>
internal enum MemoryPacketKind
{
    /// <summary>The first message of a new stream.</summary>
    Open,

    /// <summary>A later message.</summary>
    Message,

    /// <summary>The sender's side of the stream ends.</summary>
    End,

    /// <summary>The receiver has consumed some and grants as much again.</summary>
    Credit,

    /// <summary>Both sides of the stream end at once.</summary>
    Reset,

    /// <summary>The whole link ends.</summary>
    Close,
}
