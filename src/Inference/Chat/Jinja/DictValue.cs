namespace Swarm.Inference.Chat.Jinja;

/// <summary>Values by key, in the order in which the keys came.</summary>
internal sealed class DictValue : Value
{
    public OrderedDictionary<Value, Value> Items { get; } = new(Equality.Keys);

    public override string TypeName => "dict";

    public override bool IsTrue => Items.Count > 0;

    /// <summary>The value under a text; null when there is none.</summary>
    public Value? Find(string key) => Items.GetValueOrDefault(TextValue.Template(key));
}
