using System.Net.Sockets;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>
/// A connection after its handshake: the bytes, the frames in them, the socket below, and in a private swarm what its
/// ends have proved.
/// </summary>
internal sealed record LinkConnection(
    Socket Socket, Stream Stream, FrameReader Reader, LinkMembership? Membership = null);
