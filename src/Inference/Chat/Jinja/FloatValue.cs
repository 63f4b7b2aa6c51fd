namespace Swarm.Inference.Chat.Jinja;

/// <summary>A number with a fraction.</summary>
internal sealed class FloatValue(double number) : Value
{
    public double Number => number;

    public override string TypeName => "float";

    public override bool IsTrue => number != 0;
}
