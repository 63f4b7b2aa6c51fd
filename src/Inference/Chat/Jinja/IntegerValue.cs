using System.Numerics;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>A whole number of up to <see cref="JinjaLimits.IntegerBitsMax"/> bits.</summary>
internal sealed class IntegerValue(BigInteger number) : Value
{
    public BigInteger Number => number;

    public override string TypeName => "int";

    public override bool IsTrue => !number.IsZero;
}
