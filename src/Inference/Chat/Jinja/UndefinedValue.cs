namespace Swarm.Inference.Chat.Jinja;

/// <summary>What a name, attribute or element is that does not exist; most uses of it are errors.</summary>
internal sealed class UndefinedValue(string problem) : Value
{
    /// <summary>Why it is undefined.</summary>
    public string Problem => problem;

    public override string TypeName => "Undefined";

    public override bool IsTrue => false;
}
