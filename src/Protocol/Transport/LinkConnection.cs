using System.Net.Sockets;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>A connection after its handshake: the bytes, the frames in them, and the socket below.</summary>
internal sealed record LinkConnection(Socket Socket, Stream Stream, FrameReader Reader);
