using System.Numerics;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>What stands behind «is»: <c>value is name</c>.</summary>
internal static class Checks
{
    private static readonly Dictionary<string, Native> All = new(StringComparer.Ordinal)
    {
        ["defined"] = Of(value => value is not UndefinedValue),
        ["undefined"] = Of(value => value is UndefinedValue),
        ["none"] = Of(value => value is NoneValue),
        ["boolean"] = Of(value => value is BoolValue),
        ["true"] = Of(value => value is BoolValue { IsTrue: true }),
        ["false"] = Of(value => value is BoolValue { IsTrue: false }),
        ["integer"] = Of(value => value is IntegerValue),
        ["float"] = Of(value => value is FloatValue),
        ["number"] = Of(value => value is IntegerValue or FloatValue or BoolValue),
        ["string"] = Of(value => value is TextValue),
        ["mapping"] = Of(value => value is DictValue),
        ["sequence"] = Of(value => value is TextValue or ListValue or DictValue or UndefinedValue),
        ["iterable"] = Of(value => value is TextValue or ListValue or DictValue or UndefinedValue or StreamValue
            or ViewValue),
        ["callable"] = Of(value => value is CallableValue or UndefinedValue),
        ["escaped"] = Of(_ => false),
        ["lower"] = Of(value => value is TextValue text && text.Text.Any(char.IsLower) && !text.Text.Any(char.IsUpper)),
        ["upper"] = Of(value => value is TextValue text && text.Text.Any(char.IsUpper) && !text.Text.Any(char.IsLower)),
        ["odd"] = Remainder(_ => 2, rest => rest == 1),
        ["even"] = Remainder(_ => 2, rest => rest.IsZero),
        ["divisibleby"] = Remainder(divisor => divisor, rest => rest.IsZero),
        ["in"] = With((run, value, other) => Operators.Contains(run, value, other)),
        ["sameas"] = With((run, value, other) => ReferenceEquals(value, other)
            || (value.GetType() == other.GetType() && value is not (ListValue or DictValue)
                && Equality.Equal(run, value, other))),
        ["filter"] = new(1, ["value"], (_, a) => BoolValue.Of(a[0] is TextValue name && Filters.Exists(name.Text))),
        ["test"] = new(1, ["value"], (_, a) => BoolValue.Of(a[0] is TextValue name && Exists(name.Text))),
        ["eq"] = Compared("=="),
        ["=="] = Compared("=="),
        ["equalto"] = Compared("=="),
        ["ne"] = Compared("!="),
        ["!="] = Compared("!="),
        ["lt"] = Compared("<"),
        ["<"] = Compared("<"),
        ["lessthan"] = Compared("<"),
        ["le"] = Compared("<="),
        ["<="] = Compared("<="),
        ["gt"] = Compared(">"),
        [">"] = Compared(">"),
        ["greaterthan"] = Compared(">"),
        ["ge"] = Compared(">="),
        [">="] = Compared(">="),
    };

    /// <summary>Whether the first argument passes the test.</summary>
    /// <exception cref="TemplateException">There is no such test, or it does not take the value.</exception>
    public static bool Holds(Run run, string name, Arguments arguments)
        => All.TryGetValue(name, out Native? test)
            ? test.Call(run, name, arguments).IsTrue
            : throw run.Fail($"there is no test '{name}'.");

    /// <summary>Whether <c>left operator right</c> holds.</summary>
    public static bool Compare(Run run, string operation, Value left, Value right) => operation switch
    {
        "==" => Equality.Equal(run, left, right),
        "!=" => !Equality.Equal(run, left, right),
        "in" => Operators.Contains(run, left, right),
        "not in" => !Operators.Contains(run, left, right),
        _ => Ordering.Holds(run, operation, left, right),
    };

    private static bool Exists(string name) => All.ContainsKey(name);

    private static Native Of(Func<Value, bool> holds) => new(1, ["value"], (_, a) => BoolValue.Of(holds(a[0]!)));

    private static Native With(Func<Run, Value, Value, bool> holds)
        => new(2, ["value", "other"], (run, a) => BoolValue.Of(holds(run, a[0]!, a[1]!)));

    private static Native Compared(string operation)
        => With((run, value, other) => Compare(run, operation, value, other));

    private static Native Remainder(Func<BigInteger, BigInteger> divisor, Func<BigInteger, bool> holds)
        => new(1, ["value", "num"], (run, a) =>
        {
            BigInteger by = divisor(a[1] is null ? 2 : TextMethods.Count(run, a[1], 2));
            Value rest = Operators.Apply(run, "%", a[0]!, new IntegerValue(by));
            return BoolValue.Of(Numbers.Whole(rest) is { } whole
                ? holds(whole)
                : holds(((rest as FloatValue)?.Number ?? 2) switch { 0 => 0, 1 => 1, _ => 2 }));
        });
}
