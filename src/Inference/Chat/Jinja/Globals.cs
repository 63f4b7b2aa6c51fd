using System.Numerics;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>The functions that every template can call.</summary>
internal static class Globals
{
    private static readonly Dictionary<string, FunctionValue> All = new List<(string Name, Native Function)>
    {
        ("range", new Native(Range)),
        ("namespace", new Native(Namespace)),
        ("dict", new Native(Dict)),
        ("raise_exception", new Native(1, ["message"], (run, a) => throw TemplateException.Raised(
            run.Line, Printer.Text(run, a[0]!).Text))),
        ("strftime_now", new Native(1, ["format"], (run, a) => ClockText.Format(run, TextMethods.Need(run, a[0])))),
    }.ToDictionary(pair => pair.Name, pair => new FunctionValue(pair.Name, pair.Function), StringComparer.Ordinal);

    /// <summary>The function of this name; null when there is none.</summary>
    public static Value? Find(string name) => All.GetValueOrDefault(name);

    private static ListValue Range(Run run, Arguments arguments)
    {
        BigInteger[] bounds = [.. arguments.Positional.Select(value => Numbers.Whole(value)
            ?? throw run.Fail("range takes whole numbers."))];

        if (bounds.Length is 0 or > 3 || arguments.Named.Count > 0)
        {
            throw run.Fail("range takes one to three whole numbers.");
        }

        (BigInteger start, BigInteger stop) = bounds.Length == 1 ? (0, bounds[0]) : (bounds[0], bounds[1]);
        BigInteger step = bounds.Length == 3 ? bounds[2] : 1;

        if (step.IsZero)
        {
            throw run.Fail("range needs a step other than zero.");
        }

        var count = BigInteger.Max(0, (stop - start + step - step.Sign) / step);

        if (count > JinjaLimits.RangeMax)
        {
            throw run.Fail($"a range has more than {JinjaLimits.RangeMax:N0} numbers.");
        }

        run.Elements((long)count);
        var items = new List<Value>((int)count);

        for (int i = 0; i < count; i++)
        {
            items.Add(new IntegerValue(start + (i * step)));
        }

        return new ListValue(items);
    }

    private static NamespaceValue Namespace(Run run, Arguments arguments)
    {
        var space = new NamespaceValue();

        foreach ((Value key, Value value) in Dict(run, arguments).Items)
        {
            space.Attributes[TextMethods.Need(run, key).Text] = value;
        }

        return space;
    }

    private static DictValue Dict(Run run, Arguments arguments)
    {
        var dict = new DictValue();

        if (arguments.Positional.Count > 1)
        {
            throw run.Fail("a dict is made of one other dict or list of pairs.");
        }

        foreach (Value source in arguments.Positional)
        {
            List<Value> pairs = source is DictValue other
                ? DictMethods.Pairs(run, other)
                : Sequences.Items(run, source);

            foreach (Value pair in pairs)
            {
                List<Value> both = Sequences.Items(run, pair);
                dict.Items[Equality.Key(run, both.Count == 2 ? both[0] : throw run.Fail("a dict is made of pairs."))]
                    = both[1];
            }
        }

        foreach ((string name, Value value) in arguments.Named)
        {
            dict.Items[TextValue.Template(name)] = value;
        }

        return dict;
    }
}
