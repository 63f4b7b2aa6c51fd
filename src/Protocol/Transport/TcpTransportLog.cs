using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Transport;

/// <summary>What a <see cref="TcpTransport"/> says of itself.</summary>
internal static partial class TcpTransportLog
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "A connection from {Peer} was refused: {Reason}")]
    internal static partial void StrangerRefused(ILogger logger, EndPoint? peer, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A circuit through {Relay} was refused: {Reason}")]
    internal static partial void StrangerInCircuit(ILogger logger, NodeId relay, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A connection could not be accepted: {Error}")]
    internal static partial void AcceptFailed(ILogger logger, SocketError error);
}
