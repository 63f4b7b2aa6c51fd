namespace Swarm.Inference.Chat.Jinja;

/// <summary>Filters for lists and what can be walked through like them.</summary>
internal static class SequenceFilters
{
    private static readonly Native Length = new(1, ["value"], (run, a) => new IntegerValue(
        Sequences.Length(a[0]!) ?? throw run.Fail($"a {a[0]!.TypeName} has no length.")));

    public static IReadOnlyDictionary<string, Native> All { get; } = new Dictionary<string, Native>
    {
        ["length"] = Length,
        ["count"] = Length,
        ["list"] = new(1, ["value"], (run, a) => new ListValue(Sequences.Items(run, a[0]!))),
        ["first"] = new(1, ["value"], First),
        ["last"] = new(1, ["value"], Last),
        ["reverse"] = new(1, ["value"], Reverse),
        ["join"] = new(1, ["value", "d", "attribute"], Join),
        ["items"] = new(1, ["value"], Items),
        ["dictsort"] = new(1, ["value", "case_sensitive", "by", "reverse"], DictSort),
        ["sort"] = new(1, ["value", "reverse", "case_sensitive", "attribute"], (run, a) => new ListValue(Ordering.Sort(
            run, Sequences.Items(run, a[0]!), Keys.Of(run, a[3], IsTrue(a[2])), IsTrue(a[1])))),
        ["unique"] = new(1, ["value", "case_sensitive", "attribute"], Unique),
        ["min"] = new(1, ["value", "case_sensitive", "attribute"], (run, a) => Extreme(run, a, "<")),
        ["max"] = new(1, ["value", "case_sensitive", "attribute"], (run, a) => Extreme(run, a, ">")),
        ["sum"] = new(1, ["value", "attribute", "start"], (run, a) => Sequences.Items(run, a[0]!)
            .Select(Keys.Of(run, a[1], isCaseSensitive: true))
            .Aggregate(a[2] ?? new IntegerValue(0), (sum, item) => Operators.Apply(run, "+", sum, item))),
        ["groupby"] = new(2, ["value", "attribute", "default", "case_sensitive"], GroupBy),
        ["batch"] = new(2, ["value", "linecount", "fill_with"], Batch),
        ["slice"] = new(2, ["value", "slices", "fill_with"], Slice),
        ["map"] = new(Map),
        ["select"] = new((run, a) => Select(run, a, "select", byAttribute: false, keeps: true)),
        ["reject"] = new((run, a) => Select(run, a, "reject", byAttribute: false, keeps: false)),
        ["selectattr"] = new((run, a) => Select(run, a, "selectattr", byAttribute: true, keeps: true)),
        ["rejectattr"] = new((run, a) => Select(run, a, "rejectattr", byAttribute: true, keeps: false)),
    };

    private static bool IsTrue(Value? value) => value?.IsTrue ?? false;

    private static Value First(Run run, Value?[] a)
        => (a[0] is StreamValue stream ? stream.TakeFirst() : Sequences.Items(run, a[0]!).FirstOrDefault())
            ?? new UndefinedValue("there is no first item, the sequence is empty.");

    private static Value Last(Run run, Value?[] a)
        => a[0] is StreamValue
            ? throw run.Fail("a generator has no last item; make a list of it first.")
            : Sequences.Items(run, a[0]!).LastOrDefault()
                ?? new UndefinedValue("there is no last item, the sequence is empty.");

    private static Value Reverse(Run run, Value?[] a)
    {
        List<Value> items = Sequences.Items(run, a[0]!);
        items.Reverse();
        return a[0] is TextValue ? Sequences.Concat(run, items) : new StreamValue("reverse", items);
    }

    private static TextValue Join(Run run, Value?[] a)
        => TextParts.Join(
            run,
            a[1] is null ? TextValue.Empty : Printer.Text(run, a[1]!),
            Sequences.Items(run, a[0]!).Select(Keys.Of(run, a[2], isCaseSensitive: true))
                .Select(item => Printer.Text(run, item)));

    private static StreamValue Items(Run run, Value?[] a) => a[0] switch
    {
        DictValue dict => new StreamValue("items", DictMethods.Pairs(run, dict)),
        UndefinedValue => new StreamValue("items", []),
        _ => throw run.Fail($"a {a[0]!.TypeName} has no items; a dict does."),
    };

    private static ListValue DictSort(Run run, Value?[] a)
    {
        DictValue dict = a[0] as DictValue ?? throw run.Fail($"a {a[0]!.TypeName} cannot be sorted as a dict.");
        string by = a[2] is null ? "key" : TextMethods.Need(run, a[2]).Text;
        int place = by switch
        {
            "key" => 0,
            "value" => 1,
            _ => throw run.Fail("dictsort sorts by key or by value."),
        };
        Func<Value, Value> key = Keys.Of(run, new IntegerValue(place), IsTrue(a[1]));
        return new ListValue(Ordering.Sort(run, DictMethods.Pairs(run, dict), key, IsTrue(a[3])));
    }

    private static StreamValue Unique(Run run, Value?[] a)
    {
        Func<Value, Value> key = Keys.Of(run, a[2], IsTrue(a[1]));
        var seen = new HashSet<Value>(Equality.Keys);
        List<Value> items = Sequences.Items(run, a[0]!);
        return new StreamValue("unique", items.FindAll(item => seen.Add(Equality.Key(run, key(item)))));
    }

    private static Value Extreme(Run run, Value?[] a, string order)
    {
        Func<Value, Value> key = Keys.Of(run, a[2], IsTrue(a[1]));
        Value? best = null;

        foreach (Value item in Sequences.Items(run, a[0]!))
        {
            best = best is null || Ordering.Holds(run, order, key(item), key(best)) ? item : best;
        }

        return best ?? new UndefinedValue("there is nothing to choose from, the sequence is empty.");
    }

    private static ListValue GroupBy(Run run, Value?[] a)
    {
        Func<Value, Value> grouper = Keys.Of(run, a[1], isCaseSensitive: true, a[2]);
        Func<Value, Value> key = Keys.Of(run, a[1], IsTrue(a[3]), a[2]);
        var groups = new List<Value>();
        Value? current = null;
        List<Value> members = [];

        foreach (Value item in Ordering.Sort(run, Sequences.Items(run, a[0]!), key, reverse: false))
        {
            if (current is null || !Equality.Equal(run, current, key(item)))
            {
                current = key(item);
                members = [];
                groups.Add(new ListValue(
                    [grouper(item), new ListValue(members)], isTuple: true, names: ["grouper", "list"]));
            }

            members.Add(item);
        }

        return new ListValue(groups);
    }

    private static StreamValue Batch(Run run, Value?[] a)
    {
        List<Value> items = Sequences.Items(run, a[0]!);
        int size = TextMethods.Count(run, a[1], 1);
        var batches = new List<Value>();

        if (size < 1)
        {
            throw run.Fail("a batch holds at least one item.");
        }

        for (int start = 0; start < items.Count; start += size)
        {
            List<Value> batch = items[start..Math.Min(items.Count, start + Math.Min(size, items.Count))];

            if (a[2] is not (null or NoneValue))
            {
                run.Elements(size - batch.Count);
                batch.AddRange(Enumerable.Repeat(a[2]!, size - batch.Count));
            }

            batches.Add(new ListValue(batch));

            if (size >= items.Count)
            {
                break;
            }
        }

        return new StreamValue("batch", batches);
    }

    private static StreamValue Slice(Run run, Value?[] a)
    {
        List<Value> items = Sequences.Items(run, a[0]!);
        int count = TextMethods.Count(run, a[1], 1);
        var slices = new List<Value>();
        int start = 0;

        if (count < 1)
        {
            throw run.Fail("there is at least one slice.");
        }

        run.Elements(count);

        for (int i = 0; i < count; i++)
        {
            bool isLonger = i < items.Count % count;
            int end = start + (items.Count / count) + (isLonger ? 1 : 0);
            List<Value> slice = items[start..end];

            if (a[2] is not (null or NoneValue) && !isLonger)
            {
                slice.Add(a[2]!);
            }

            slices.Add(new ListValue(slice));
            start = end;
        }

        return new StreamValue("slice", slices);
    }

    // The reference looks into nothing that is false, walkable or not.
    private static List<Value> ItemsIfTrue(Run run, Arguments arguments)
        => arguments.Positional[0].IsTrue ? Sequences.Items(run, arguments.Positional[0]) : [];

    private static StreamValue Map(Run run, Arguments arguments)
    {
        List<Value> items = ItemsIfTrue(run, arguments);
        Value? attribute = arguments.Named.FirstOrDefault(pair => pair.Name == "attribute").Value;
        Value? absent = arguments.Named.FirstOrDefault(pair => pair.Name == "default").Value;

        if (arguments.Positional.Count == 1 && attribute is not null)
        {
            return new StreamValue(
                "map", items.ConvertAll(item => Keys.Of(run, attribute, isCaseSensitive: true, absent)(item)));
        }

        string name = arguments.Positional.Count > 1
            ? TextMethods.Need(run, arguments.Positional[1]).Text
            : throw run.Fail("map needs a filter or an attribute.");
        Arguments rest = arguments.Skip(2);
        return new StreamValue("map", items.ConvertAll(item => Filters.Apply(run, name, rest.Before(item))));
    }

    private static StreamValue Select(Run run, Arguments arguments, string name, bool byAttribute, bool keeps)
    {
        List<Value> items = ItemsIfTrue(run, arguments);
        Arguments rest = arguments.Skip(1);
        Func<Value, Value> subject = item => item;

        if (byAttribute)
        {
            subject = rest.Positional.Count > 0
                ? Keys.Of(run, rest.Positional[0], isCaseSensitive: true)
                : throw run.Fail($"{name} needs an attribute.");
            rest = rest.Skip(1);
        }

        string? test = rest.Positional.Count > 0 ? TextMethods.Need(run, rest.Positional[0]).Text : null;
        rest = rest.Skip(1);
        return new StreamValue(name, items.FindAll(item =>
        {
            run.Step();
            Value value = subject(item);
            return (test is null ? value.IsTrue : Checks.Holds(run, test, rest.Before(value))) == keeps;
        }));
    }
}
