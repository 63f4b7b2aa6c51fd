namespace Swarm.Inference.Chat.Jinja;

/// <summary>The methods of dicts.</summary>
internal static class DictMethods
{
    /// <summary>By name; the dict itself is the first argument.</summary>
    public static IReadOnlyDictionary<string, Native> All { get; } = new Dictionary<string, Native>
    {
        ["get"] = new(2, ["self", "key", "default"], (run, a) =>
            Self(a).Items.GetValueOrDefault(Equality.Key(run, a[1]!)) ?? a[2] ?? NoneValue.Instance),
        ["items"] = new(1, ["self"], (run, a) => new ViewValue("dict_items", Pairs(run, Self(a)))),
        ["keys"] = new(1, ["self"], (run, a) => new ViewValue("dict_keys", Sequences.Items(run, a[0]!))),
        ["values"] = new(1, ["self"], (run, a) => new ViewValue("dict_values", Values(run, Self(a)))),
        ["copy"] = new(1, ["self"], Copy),
        ["update"] = new(1, ["self", "other"], Update),
        ["setdefault"] = new(2, ["self", "key", "default"], SetDefault),
        ["pop"] = new(2, ["self", "key", "default"], Pop),
    };

    /// <summary>Keys with their values, as tuples.</summary>
    public static List<Value> Pairs(Run run, DictValue dict)
    {
        run.Elements(3L * dict.Items.Count);
        return [.. dict.Items.Select(pair => new ListValue([pair.Key, pair.Value], isTuple: true))];
    }

    private static List<Value> Values(Run run, DictValue dict)
    {
        run.Elements(dict.Items.Count);
        return [.. dict.Items.Values];
    }

    private static DictValue Self(Value?[] arguments) => (DictValue)arguments[0]!;

    private static DictValue Copy(Run run, Value?[] a)
    {
        var copy = new DictValue();
        Add(run, copy, Self(a));
        return copy;
    }

    private static NoneValue Update(Run run, Value?[] a)
    {
        DictValue other = a[1] as DictValue ?? throw run.Fail("a dict is updated from a dict.");
        Add(run, Self(a), other);
        return NoneValue.Instance;
    }

    private static void Add(Run run, DictValue dict, DictValue other)
    {
        run.Elements(2L * other.Items.Count);

        foreach ((Value key, Value value) in other.Items.ToList())
        {
            dict.Items[key] = value;
        }
    }

    private static Value SetDefault(Run run, Value?[] a)
    {
        run.Elements(1);
        _ = Self(a).Items.TryAdd(Equality.Key(run, a[1]!), a[2] ?? NoneValue.Instance);
        return Self(a).Items[a[1]!];
    }

    private static Value Pop(Run run, Value?[] a)
    {
        run.Elements(Self(a).Items.Count);
        return Self(a).Items.Remove(Equality.Key(run, a[1]!), out Value? popped)
            ? popped
            : a[2] ?? throw run.Fail("a dict has no such key to pop.");
    }
}
