namespace Swarm.Protocol.Messages;

/// <summary>What a frame's header holds: exactly one message.</summary>
public sealed partial class Envelope
{
    /// <summary>Its size on the wire when it was sent or received last, in bytes; not part of the message.</summary>
    public int WireBytes { get; internal set; }
}
