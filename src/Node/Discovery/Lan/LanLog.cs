using Microsoft.Extensions.Logging;

namespace Swarm.Node.Discovery.Lan;

/// <summary>What people learn of the local network.</summary>
internal static partial class LanLog
{
    [LoggerMessage(101, LogLevel.Information, "announced on the local network: {Interfaces}",
        EventName = "lanAnnounced")]
    public static partial void Announcing(ILogger log, string interfaces);

    [LoggerMessage(102, LogLevel.Information, "found {Peer} on the local network at {Address}", EventName = "lanFound")]
    public static partial void Found(ILogger log, string peer, string address);

    [LoggerMessage(103, LogLevel.Information, "nobody of swarm '{Swarm}' answers on the local network yet",
        EventName = "lanAlone")]
    public static partial void Alone(ILogger log, string swarm);

    [LoggerMessage(104, LogLevel.Warning, "{Interface}: somebody else announces this node's name {Label}: was key.pem "
        + "copied to another device?", EventName = "lanNameTaken")]
    public static partial void NameTaken(ILogger log, string @interface, string label);

    [LoggerMessage(105, LogLevel.Warning, "{Interface}: no discovery there: {Reason}", EventName = "lanRefused")]
    public static partial void Refused(ILogger log, string @interface, string reason);

    [LoggerMessage(106, LogLevel.Information, "{Address} on the local network is not one of us: {Reason}",
        EventName = "lanStranger")]
    public static partial void Stranger(ILogger log, string address, string reason);

    [LoggerMessage(107, LogLevel.Warning, "the local network has a node of another swarm, at {Address}, and "
        + "swarms never mix: to be part of that one, end this node, run 'swarm invite' there and 'swarm join CODE' "
        + "here; or start both with --public", EventName = "lanOtherSwarm")]
    public static partial void OtherSwarm(ILogger log, string address);

    [LoggerMessage(108, LogLevel.Information, "{Peer} is no longer announced on the local network",
        EventName = "lanGone")]
    public static partial void Gone(ILogger log, string peer);
}
