using Microsoft.Extensions.Logging;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

/// <summary>What a <see cref="LinkPool"/> says of itself.</summary>
internal static partial class LinkPoolLog
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "Link to {Peer} is up; dialled here: {Dialled}")]
    internal static partial void LinkUp(ILogger logger, NodeId peer, bool dialled);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Link to {Peer} is down")]
    internal static partial void LinkDown(ILogger logger, NodeId peer);

    [LoggerMessage(Level = LogLevel.Error, Message = "The handler of {Request} from {Peer} failed")]
    internal static partial void HandlerFailed(
        ILogger logger,
        Envelope.BodyOneofCase request,
        NodeId peer,
        Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Handlers still run {Patience} after the node stopped")]
    internal static partial void HandlersDoNotEnd(ILogger logger, TimeSpan patience);
}
