namespace Swarm.Protocol.Wire;

/// <summary>How a frame is to be taken.</summary>
[Flags]
public enum FrameFlags
{
    /// <summary>As its type says.</summary>
    None = 0,

    /// <summary>The first frame of a stream.</summary>
    Open = 1,

    /// <summary>With <see cref="Open"/>: the stream carries steps of a generation.</summary>
    Decode = 2,

    /// <summary>With <see cref="Open"/>: the stream carries large transfers.</summary>
    Bulk = 4,

    /// <summary>A type from a later version, which a node that does not know it may skip.</summary>
    MayIgnore = 0x8000,
}
