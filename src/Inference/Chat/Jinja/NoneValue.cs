namespace Swarm.Inference.Chat.Jinja;

/// <summary>Nothing, on purpose.</summary>
internal sealed class NoneValue : Value
{
    private NoneValue()
    {
    }

    /// <summary>The only one.</summary>
    public static NoneValue Instance { get; } = new();

    public override string TypeName => "NoneType";

    public override bool IsTrue => false;
}
