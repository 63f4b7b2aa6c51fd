using System.Net;

namespace Swarm.Node.Discovery.Lan;

/// <summary>What discovery on one interface wants done: packets to send, and news to tell.</summary>
internal sealed class LanOutbox
{
    /// <summary>To send, in this order.</summary>
    public Queue<LanPacket> Packets { get; } = new();

    /// <summary>Nodes announced.</summary>
    public Queue<LanHint> Found { get; } = new();

    /// <summary>Announcements taken back or expired.</summary>
    public Queue<string> Gone { get; } = new();

    /// <summary>The label that somebody else uses, when this has just been noticed.</summary>
    public string? Conflict { get; set; }

    /// <summary>To the multicast group, from the port all responders share.</summary>
    public void Multicast(byte[] bytes) => Packets.Enqueue(new LanPacket(bytes, To: null, IsOneShot: false));

    /// <summary>To the multicast group, from a port of our own, so that answers come to us alone.</summary>
    public void OneShot(byte[] bytes) => Packets.Enqueue(new LanPacket(bytes, To: null, IsOneShot: true));

    /// <summary>To one asker.</summary>
    public void Unicast(byte[] bytes, IPEndPoint to) => Packets.Enqueue(new LanPacket(bytes, to, IsOneShot: false));
}
