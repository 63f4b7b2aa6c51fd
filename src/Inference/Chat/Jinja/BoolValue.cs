namespace Swarm.Inference.Chat.Jinja;

/// <summary>True or false; in arithmetic 1 or 0.</summary>
internal sealed class BoolValue : Value
{
    private BoolValue(bool isTrue) => IsTrue = isTrue;

    public static BoolValue True { get; } = new(true);

    public static BoolValue False { get; } = new(false);

    public override string TypeName => "bool";

    public override bool IsTrue { get; }

    public static BoolValue Of(bool value) => value ? True : False;
}
