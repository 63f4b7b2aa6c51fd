namespace Swarm.Protocol.Messages;

/// <summary>The first message each way on a link.</summary>
public sealed partial class Hello
{
    /// <summary>What its reader made of it, once for every answer on the link; not part of the message.</summary>
    public object? Meaning { get; set; }
}
