using System.Diagnostics;
using Google.Protobuf;

namespace Swarm.Protocol.Messages;

/// <summary>What a frame's header holds: exactly one message.</summary>
public sealed partial class Envelope
{
    /// <summary>Its size on the wire when it was sent or received last, in bytes; not part of the message.</summary>
    public int WireBytes { get; internal set; }

    /// <summary>
    /// Its size on the wire, where nobody changes what is sent: what many messages have in common is measured once.
    /// </summary>
    internal int Measure()
    {
        WireBytes = BodyCase == BodyOneofCase.Found
            ? CodedOutputStream.ComputeTagSize(FoundFieldNumber) + Prefixed(Found.Measure())
            : CalculateSize();
        Debug.Assert(WireBytes == CalculateSize());
        return WireBytes;
    }

    /// <summary>A message within another, with its length before it.</summary>
    internal static int Prefixed(int bytes) => CodedOutputStream.ComputeLengthSize(bytes) + bytes;
}
