namespace Swarm.Protocol.Transport;

/// <summary>What becomes of a dial.</summary>
public enum DialFate
{
    /// <summary>The peer answers.</summary>
    Answered = 0,

    /// <summary>Refused at once: nothing listens there.</summary>
    Refused = 1,

    /// <summary>No answer at all: the dialler waits until its own deadline.</summary>
    Unanswered = 2,
}
