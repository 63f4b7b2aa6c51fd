using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Wire;

/// <summary>What a frame of each type may look like.</summary>
internal readonly record struct FrameShape(
    bool IsKnown,
    bool OfLink,
    FrameFlags Flags,
    int HeaderMin,
    int HeaderMax,
    int PayloadMin,
    int PayloadMax)
{
    private const FrameFlags OpenFlags = FrameFlags.Open | FrameFlags.Decode | FrameFlags.Bulk;

    /// <summary>The shape of a type; a type unknown here passes only when it says that it may be ignored.</summary>
    internal static FrameShape Of(FrameType type, FrameFlags flags) => type switch
    {
        FrameType.Hello => new(true, true, 0, 1, WireLimits.HelloBytesMax, 0, 0),
        FrameType.Message => new(true, false, OpenFlags, 0, WireLimits.HeaderBytesMax, 0, WireLimits.PayloadBytesMax),
        FrameType.Data => new(true, false, 0, 0, 0, 1, WireLimits.FramePayloadBytesMax),
        FrameType.End => new(true, false, 0, 0, 0, 0, 0),
        FrameType.Window => new(true, false, 0, 0, 0, sizeof(uint), sizeof(uint)),
        FrameType.Ping or FrameType.Pong => new(true, true, 0, 0, 0, WireLimits.PingBytes, WireLimits.PingBytes),
        FrameType.Reset => new(true, false, 0, 0, WireLimits.FaultBytesMax, 0, 0),
        FrameType.GoAway => new(true, true, 0, 0, WireLimits.FaultBytesMax, 0, 0),
        FrameType.Membership => new(true, true, 0, 0, 0, MembershipProof.EntryBytes, MembershipProof.BytesMax),
        _ when type != FrameType.None && flags.HasFlag(FrameFlags.MayIgnore) => new(
            false,
            false,
            (FrameFlags)ushort.MaxValue,
            0,
            WireLimits.HeaderBytesMax,
            0,
            WireLimits.FramePayloadBytesMax),
        _ => throw new ProtocolException($"Frame type {(byte)type} is unknown."),
    };
}
