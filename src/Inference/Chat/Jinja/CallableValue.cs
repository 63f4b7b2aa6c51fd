namespace Swarm.Inference.Chat.Jinja;

/// <summary>What can be called: macros, functions, bound methods.</summary>
internal abstract class CallableValue : Value
{
    /// <summary>Its result for these arguments.</summary>
    public abstract Value Call(Run run, Arguments arguments);
}
