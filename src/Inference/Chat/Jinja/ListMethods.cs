namespace Swarm.Inference.Chat.Jinja;

/// <summary>The methods of lists and tuples.</summary>
internal static class ListMethods
{
    /// <summary>By name; the list itself is the first argument.</summary>
    public static IReadOnlyDictionary<string, Native> All { get; } = new Dictionary<string, Native>
    {
        ["append"] = new(2, ["self", "item"], Append),
        ["extend"] = new(2, ["self", "items"], Extend),
        ["insert"] = new(3, ["self", "index", "item"], Insert),
        ["pop"] = new(1, ["self", "index"], Pop),
        ["copy"] = new(1, ["self"], (run, a) => new ListValue(Sequences.Items(run, a[0]!))),
        ["count"] = new(2, ["self", "item"], (run, a) => new IntegerValue(
            Self(a).Items.Count(item => Equality.Equal(run, item, a[1]!)))),
        ["index"] = new(2, ["self", "item"], Index),
    };

    private static ListValue Self(Value?[] arguments) => (ListValue)arguments[0]!;

    private static List<Value> Changing(Run run, Value?[] arguments) => Self(arguments).IsTuple
        ? throw run.Fail("a tuple cannot be changed.")
        : Self(arguments).Items;

    private static NoneValue Append(Run run, Value?[] a)
    {
        run.Elements(1);
        Changing(run, a).Add(a[1]!);
        return NoneValue.Instance;
    }

    private static NoneValue Extend(Run run, Value?[] a)
    {
        Changing(run, a).AddRange(Sequences.Items(run, a[1]!));
        return NoneValue.Instance;
    }

    private static NoneValue Insert(Run run, Value?[] a)
    {
        List<Value> items = Changing(run, a);
        int index = TextMethods.Count(run, a[1], 0);
        run.Elements(items.Count + 1);
        items.Insert(index < 0 ? Math.Max(0, index + items.Count) : Math.Min(index, items.Count), a[2]!);
        return NoneValue.Instance;
    }

    private static Value Pop(Run run, Value?[] a)
    {
        List<Value> items = Changing(run, a);
        int index = TextMethods.Count(run, a[1], -1);
        index = index < 0 ? index + items.Count : index;

        if (index < 0 || index >= items.Count)
        {
            throw run.Fail("a list has no such element to pop.");
        }

        Value popped = items[index];
        run.Elements(items.Count - index);
        items.RemoveAt(index);
        return popped;
    }

    private static IntegerValue Index(Run run, Value?[] a)
    {
        int index = Self(a).Items.FindIndex(item => Equality.Equal(run, item, a[1]!));
        return index >= 0 ? new IntegerValue(index) : throw run.Fail("a list does not hold what is looked for.");
    }
}
