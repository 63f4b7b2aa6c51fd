namespace Swarm.Node.Generation;

/// <summary>Why a generation ended.</summary>
public enum FinishReason
{
    /// <summary>A stop id was drawn.</summary>
    Stop,

    /// <summary>The most tokens, or the context, was reached.</summary>
    Length,

    /// <summary>The listener wanted no more: a stop string, or a reader who left.</summary>
    Listener,
}
