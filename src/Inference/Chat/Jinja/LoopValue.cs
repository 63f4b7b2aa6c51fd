namespace Swarm.Inference.Chat.Jinja;

/// <summary>What a loop's body knows of the loop; called, it walks through further items in a recursive one.</summary>
internal sealed class LoopValue(List<Value> items, int depth, Func<Value, Value>? recurse) : CallableValue
{
    private Value? _lastSeen;

    /// <summary>Which item it is, from 0 on.</summary>
    public int Index { get; set; }

    public override string TypeName => "LoopContext";

    /// <summary>One of the loop's attributes; null when there is none of this name.</summary>
    public Value? Attribute(string name) => name switch
    {
        "index" => new IntegerValue(Index + 1),
        "index0" => new IntegerValue(Index),
        "revindex" => new IntegerValue(items.Count - Index),
        "revindex0" => new IntegerValue(items.Count - Index - 1),
        "first" => BoolValue.Of(Index == 0),
        "last" => BoolValue.Of(Index == items.Count - 1),
        "length" => new IntegerValue(items.Count),
        "depth" => new IntegerValue(depth + 1),
        "depth0" => new IntegerValue(depth),
        "previtem" => Index > 0 ? items[Index - 1] : new UndefinedValue("there is no previous item."),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new UndefinedValue("there is no next item."),
        "cycle" => new FunctionValue(name, new Native(Cycle)),
        "changed" => new FunctionValue(name, new Native(Changed)),
        _ => null,
    };

    public override Value Call(Run run, Arguments arguments)
        => recurse is null
            ? throw run.Fail("the loop calls itself, but is not marked 'recursive'.")
            : arguments is { Positional.Count: 1, Named.Count: 0 }
                ? recurse(arguments.Positional[0])
                : throw run.Fail("a recursive loop takes one argument.");

    private Value Cycle(Run run, Arguments arguments)
        => arguments.Positional.Count > 0
            ? arguments.Positional[Index % arguments.Positional.Count]
            : throw run.Fail("cycle needs something to cycle through.");

    private BoolValue Changed(Run run, Arguments arguments)
    {
        var seen = new ListValue([.. arguments.Positional], isTuple: true);
        bool same = _lastSeen is not null && Equality.Equal(run, _lastSeen, seen);
        _lastSeen = seen;
        return BoolValue.Of(!same);
    }
}
