namespace Swarm.Inference.Chat.Jinja;

/// <summary>What an expression of a template can be; it behaves as the Python value of the same kind.</summary>
internal abstract class Value
{
    /// <summary>Python's name of its type, for messages.</summary>
    public abstract string TypeName { get; }

    /// <summary>Whether a condition takes it for true.</summary>
    public virtual bool IsTrue => true;
}
