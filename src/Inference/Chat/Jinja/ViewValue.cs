namespace Swarm.Inference.Chat.Jinja;

/// <summary>Keys, values or pairs of a dict: to be counted and walked through, not to be picked from.</summary>
internal sealed class ViewValue(string kind, IReadOnlyList<Value> items) : Value
{
    public IReadOnlyList<Value> Items => items;

    public override string TypeName => kind;

    public override bool IsTrue => items.Count > 0;
}
