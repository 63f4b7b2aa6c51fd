using System.Net;

namespace Swarm.Node.Discovery.Lan;

/// <summary>A packet to send.</summary>
/// <param name="Bytes">Its content.</param>
/// <param name="To">One asker, or null for all.</param>
/// <param name="IsOneShot">From a port of our own instead of the shared one.</param>
internal sealed record LanPacket(byte[] Bytes, IPEndPoint? To, bool IsOneShot);
