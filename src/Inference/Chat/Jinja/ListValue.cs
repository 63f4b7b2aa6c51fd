namespace Swarm.Inference.Chat.Jinja;

/// <summary>Values in order; a tuple when it may not be changed, whose elements may have names.</summary>
internal sealed class ListValue(List<Value> items, bool isTuple = false, string[]? names = null) : Value
{
    public List<Value> Items => items;

    public bool IsTuple => isTuple;

    public override string TypeName => isTuple ? "tuple" : "list";

    public override bool IsTrue => items.Count > 0;

    /// <summary>The element of this name; null when there is none.</summary>
    public Value? Named(string name)
    {
        int index = names is null ? -1 : Array.IndexOf(names, name);
        return index < 0 ? null : items[index];
    }
}
