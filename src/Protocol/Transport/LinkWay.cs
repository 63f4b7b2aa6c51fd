namespace Swarm.Protocol.Transport;

/// <summary>How a link came through to its peer.</summary>
public enum LinkWay
{
    /// <summary>One of the two dialled the other.</summary>
    Direct,

    /// <summary>Nobody can dial either of them: both dialled at once.</summary>
    Punched,

    /// <summary>Another node carries it.</summary>
    Relayed,
}
