namespace Swarm.Inference.Chat.Jinja;

/// <summary>What <c>map</c>, <c>select</c> and their like give: values that can be walked through once.</summary>
internal sealed class StreamValue(string name, List<Value> items) : Value
{
    private int _taken;

    public override string TypeName => "generator";

    /// <summary>The filter it comes from.</summary>
    public string Name => name;

    /// <summary>The values that are left, which are gone then.</summary>
    public List<Value> Take()
    {
        List<Value> left = items[_taken..];
        _taken = items.Count;
        return left;
    }

    /// <summary>The first value that is left, which is gone then; null when there is none.</summary>
    public Value? TakeFirst() => _taken < items.Count ? items[_taken++] : null;
}
