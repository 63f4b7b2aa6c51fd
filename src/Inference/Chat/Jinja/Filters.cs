using System.Numerics;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>What stands behind a bar: <c>value | name(arguments)</c>.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, Native> All = new(
        [.. TextFilters.All, .. SequenceFilters.All, .. Values()], StringComparer.Ordinal);

    /// <summary>Whether there is such a filter.</summary>
    public static bool Exists(string name) => All.ContainsKey(name);

    /// <summary>The value behind the filter; the one before it is the first argument.</summary>
    /// <exception cref="TemplateException">There is no such filter, or it does not take the value.</exception>
    public static Value Apply(Run run, string name, Arguments arguments)
        => All.TryGetValue(name, out Native? filter)
            ? filter.Call(run, name, arguments)
            : throw run.Fail($"there is no filter '{name}'.");

    private static Dictionary<string, Native> Values()
    {
        var @default = new Native(
            1,
            ["value", "default_value", "boolean"],
            (_, a) => a[0] is UndefinedValue || (a[2] is { IsTrue: true } && !a[0]!.IsTrue)
                ? a[1] ?? TextValue.Empty
                : a[0]!);

        return new()
        {
            ["default"] = @default,
            ["d"] = @default,
            ["safe"] = new(1, ["value"], (run, a) => Printer.Text(run, a[0]!)),
            ["attr"] = new(2, ["value", "name"], (run, a) => Members.Attribute(
                run, a[0]!, TextMethods.Need(run, a[1]).Text)),
            ["abs"] = new(1, ["value"], (run, a) => Operators.Sign(
                run, a[0]!, Ordering.Compare(run, "<", a[0]!, new IntegerValue(0)) < 0)),
            ["int"] = new(1, ["value", "default", "base"], ToInteger),
            ["float"] = new(1, ["value", "default"], (run, a) =>
                ToFloat(Defined(run, a[0]!)) ?? a[1] ?? new FloatValue(0)),
            ["round"] = new(1, ["value", "precision", "method"], Round),
            ["tojson"] = new(1, ["value", "ensure_ascii", "indent", "separators", "sort_keys"], ToJson),
            ["from_json"] = new(1, ["value"], (run, a) => JsonValues.Parse(run, TextMethods.Need(run, a[0]))),
        };
    }

    private static Value ToInteger(Run run, Value?[] a)
    {
        Value? number = Defined(run, a[0]!) switch
        {
            TextValue text => Numbers.ParseInteger(text.Text, TextMethods.Count(run, a[2], 10)) is { } parsed
                ? run.Integer(parsed)
                : ToFloat(text) is { Number: var real } && double.IsFinite(real) ? run.Integer(new BigInteger(real))
                : null,
            FloatValue real => double.IsFinite(real.Number) ? run.Integer(new BigInteger(real.Number)) : null,
            Value other => Numbers.Whole(other) is { } whole ? new IntegerValue(whole) : null,
        };
        return number ?? a[1] ?? new IntegerValue(0);
    }

    private static Value Defined(Run run, Value value)
        => value is UndefinedValue undefined ? throw run.Fail(undefined.Problem) : value;

    private static FloatValue? ToFloat(Value value) => value switch
    {
        TextValue text => Numbers.ParseFloat(text.Text) is { } parsed ? new FloatValue(parsed) : null,
        _ => Numbers.Real(value) is { } real ? new FloatValue(real) : null,
    };

    private static Value Round(Run run, Value?[] a)
    {
        int precision = Math.Clamp(TextMethods.Count(run, a[1], 0), -400, 400);
        string method = a[2] is null ? "common" : TextMethods.Need(run, a[2]).Text;
        double real = Numbers.Real(a[0]!) ?? throw run.Fail($"a {a[0]!.TypeName} cannot be rounded.");

        switch (method)
        {
            case "common" when Numbers.Whole(a[0]!) is { } whole:
                return precision >= 0 ? new IntegerValue(whole) : RoundWhole(run, whole, -precision);
            case "common":
                return new FloatValue(Numbers.Round(real, precision));
            case "ceil" or "floor":
                double unit = Math.Pow(10, precision);
                return new FloatValue((method == "ceil" ? Math.Ceiling(real * unit) : Math.Floor(real * unit)) / unit);
            default:
                throw run.Fail("round's method is common, ceil or floor.");
        }
    }

    private static IntegerValue RoundWhole(Run run, BigInteger whole, int zeros)
    {
        var unit = BigInteger.Pow(10, zeros);
        var down = BigInteger.DivRem(whole, unit, out BigInteger rest);
        int half = BigInteger.Compare(BigInteger.Abs(rest) * 2, unit);
        bool away = half > 0 || (half == 0 && !down.IsEven);
        return run.Integer((down + (away ? whole.Sign : 0)) * unit);
    }

    private static TextValue ToJson(Run run, Value?[] a)
    {
        TextValue? indent = a[2] switch
        {
            null or NoneValue => null,
            TextValue text => text,
            Value width => TextParts.Pad(
                run, TextValue.Empty, TextMethods.Count(run, width, 0), TextValue.Template(" "), '<'),
        };
        (TextValue item, TextValue key) = (TextValue.Template(indent is null ? ", " : ","), TextValue.Template(": "));

        if (a[3] is not (null or NoneValue))
        {
            List<Value> separators = Sequences.Items(run, a[3]!);
            (item, key) = separators.Count == 2
                ? (TextMethods.Need(run, separators[0]), TextMethods.Need(run, separators[1]))
                : throw run.Fail("tojson takes two separators.");
        }

        return new JsonText(run, indent, item, key)
        {
            AsciiOnly = a[1]?.IsTrue ?? false,
            SortKeys = a[4]?.IsTrue ?? false,
        }.Of(a[0]!);
    }
}
