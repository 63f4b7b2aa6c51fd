using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>
/// A connection after its handshake: the bytes, the frames in them, what carries them, and in a private swarm what its
/// ends have proved.
/// </summary>
internal sealed record LinkConnection(
    Bearer Bearer, Stream Stream, FrameReader Reader, LinkMembership? Membership = null);
