namespace Swarm.Protocol.Relaying;

/// <summary>How the attempt of two nodes to do without their relay ended.</summary>
public enum MeetingOutcome
{
    /// <summary>The peer, whom nobody can dial, dialled this node.</summary>
    DialledBack,

    /// <summary>This node, which nobody can dial, dialled the peer.</summary>
    Dialled,

    /// <summary>Both dialled at once.</summary>
    Punched,

    /// <summary>Neither way led through, and they stay with the relay.</summary>
    Relayed,
}
