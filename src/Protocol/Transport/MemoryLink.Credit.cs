namespace Swarm.Protocol.Transport;

// Where the credit of its streams is at one moment, for whoever holds it against what was given.
internal sealed partial class MemoryLink
{
    /// <summary>
    /// Of each stream this end may send on: its credit here, and all of it, with what is on its way there, lies there
    /// and is on its way back. Streams that end are left out. Not while another thread uses the link.
    /// </summary>
    internal IEnumerable<(uint Stream, int Here, int All)> Credits()
    {
        for (MemoryLinkStream? stream = _streams; stream is not null; stream = stream.Next)
        {
            uint number = stream.Number;
            MemoryLinkStream? theirs = _peer.Find(number);
            bool begins = !stream.IsOpened || OnTheWay(number).Any(packet => packet.Kind == MemoryPacketKind.Open);

            if (!IsClosed && !_peer.IsClosed && (theirs is not null || begins))
            {
                int there = OnTheWay(number).Where(IsMessage).Sum(packet => packet.Credit);
                int back = _peer.OnTheWay(number)
                    .Where(packet => packet.Kind == MemoryPacketKind.Credit)
                    .Sum(packet => packet.Credit);
                yield return (number, stream.Credit, stream.Credit + there + (theirs?.Ungranted ?? 0) + back);
            }
        }
    }

    private static bool IsMessage(MemoryPacket packet) => packet.Kind <= MemoryPacketKind.Message;

    private IEnumerable<MemoryPacket> OnTheWay(uint stream)
    {
        for (MemoryPacket? packet = _lastSent?.Next; packet is not null; packet = packet.Next)
        {
            if (packet.Stream == stream)
            {
                yield return packet;
            }

            if (packet == _lastSent)
            {
                yield break;
            }
        }
    }
}
