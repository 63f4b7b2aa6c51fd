using Google.Protobuf;

namespace Swarm.Protocol.Messages;

/// <summary>The nodes near a target, and the records held under it.</summary>
public sealed partial class Found
{
    /// <summary>
    /// Its size on the wire: most of it is contacts that thousands of answers name and nobody changes.
    /// </summary>
    public int Measure()
    {
        int bytes = CalculateOwnSize();

        foreach (Contact contact in Closer)
        {
            bytes += CodedOutputStream.ComputeTagSize(CloserFieldNumber) + Envelope.Prefixed(contact.Measure());
        }

        foreach (SignedRecord record in Records)
        {
            bytes += CodedOutputStream.ComputeTagSize(RecordsFieldNumber) + Envelope.Prefixed(record.CalculateSize());
        }

        return bytes;
    }

    private int CalculateOwnSize()
    {
        int more = CodedOutputStream.ComputeTagSize(MoreFieldNumber) + CodedOutputStream.ComputeBoolSize(More);
        int nowMs = CodedOutputStream.ComputeTagSize(NowMsFieldNumber) + CodedOutputStream.ComputeUInt64Size(NowMs);
        return (More ? more : 0) + (NowMs > 0 ? nowMs : 0);
    }
}
