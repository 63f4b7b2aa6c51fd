using System.Numerics;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>Arithmetic, and what texts and lists make of it.</summary>
internal static class Operators
{
    /// <summary>The result of <c>left operator right</c>.</summary>
    public static Value Apply(Run run, string operation, Value left, Value right)
    {
        if ((left as UndefinedValue ?? right as UndefinedValue) is { } undefined && left is not TextValue)
        {
            throw run.Fail(undefined.Problem);
        }

        return (operation, left, right) switch
        {
            ("+", TextValue a, TextValue b) => Join(run, a, b),
            ("+", ListValue a, ListValue b) when a.IsTuple == b.IsTuple => Join(run, a, b),
            ("*", TextValue a, _) when Numbers.Whole(right) is { } times => Repeat(run, a, times),
            ("*", _, TextValue b) when Numbers.Whole(left) is { } times => Repeat(run, b, times),
            ("*", ListValue a, _) when Numbers.Whole(right) is { } times => Repeat(run, a, times),
            ("*", _, ListValue b) when Numbers.Whole(left) is { } times => Repeat(run, b, times),
            ("%", TextValue a, _) => PercentFormat.Apply(run, a, right),
            _ when Numbers.Whole(left) is { } a && Numbers.Whole(right) is { } b => OfWhole(run, operation, a, b),
            _ when Numbers.Real(left) is { } a && Numbers.Real(right) is { } b => OfReal(run, operation, a, b),
            _ => throw run.Fail($"'{operation}' cannot take {left.TypeName} and {right.TypeName}."),
        };
    }

    /// <summary>The value with the other sign, or the same.</summary>
    public static Value Sign(Run run, Value value, bool negates) => value switch
    {
        FloatValue real => new FloatValue(negates ? -real.Number : real.Number),
        _ when Numbers.Whole(value) is { } whole => new IntegerValue(negates ? -whole : whole),
        UndefinedValue undefined => throw run.Fail(undefined.Problem),
        _ => throw run.Fail($"a {value.TypeName} has no sign."),
    };

    /// <summary>Whether a value is in a text, list or dict.</summary>
    public static bool Contains(Run run, Value item, Value container)
    {
        switch (container)
        {
            case TextValue text:
                TextValue part = item as TextValue
                    ?? throw run.Fail($"'in' looks for a text in a text, not for {item.TypeName}.");
                run.Characters(text.Text.Length);
                return text.Text.Contains(part.Text, StringComparison.Ordinal);
            case DictValue dict:
                return dict.Items.ContainsKey(Equality.Key(run, item));
            default:
                return Sequences.Items(run, container).Exists(other => Equality.Equal(run, item, other));
        }
    }

    private static TextValue Join(Run run, TextValue left, TextValue right)
    {
        var text = new TextBuilder(run);
        text.Append(left);
        text.Append(right);
        return text.Take();
    }

    private static ListValue Join(Run run, ListValue left, ListValue right)
    {
        run.Elements(left.Items.Count + right.Items.Count);
        return new ListValue([.. left.Items, .. right.Items], left.IsTuple);
    }

    private static TextValue Repeat(Run run, TextValue text, BigInteger times)
    {
        var repeated = new TextBuilder(run);
        long count = text.Text.Length == 0 ? 0 : (long)BigInteger.Clamp(times, 0, int.MaxValue);

        // What is too much is refused before it is begun.
        run.Characters(count * text.Text.Length);

        for (long i = 0; i < count; i++)
        {
            repeated.Append(text);
        }

        return repeated.Take();
    }

    private static ListValue Repeat(Run run, ListValue list, BigInteger times)
    {
        long count = list.Items.Count == 0 ? 0 : (long)BigInteger.Clamp(times, 0, int.MaxValue);
        run.Elements(count * list.Items.Count);
        var items = new List<Value>();

        for (long i = 0; i < count; i++)
        {
            items.AddRange(list.Items);
        }

        return new ListValue(items, list.IsTuple);
    }

    private static Value OfWhole(Run run, string operation, BigInteger left, BigInteger right)
    {
        switch (operation)
        {
            case "+":
                return run.Integer(left + right);
            case "-":
                return run.Integer(left - right);
            case "*":
                return run.Integer(left * right);
            case "**" when right.Sign >= 0:
                bool fits = left.IsZero || left.IsOne || left == BigInteger.MinusOne
                    || right * (left.GetBitLength() - 1) <= JinjaLimits.IntegerBitsMax;
                return fits
                    ? run.Integer(BigInteger.Pow(left, (int)BigInteger.Min(right, (right.IsEven ? 0 : 1) + 8192)))
                    : throw run.Fail("a power is too large.");
            case "/" or "**":
                return OfReal(run, operation, (double)left, (double)right);
            default:
                if (right.IsZero)
                {
                    throw run.Fail("a number is divided by zero.");
                }

                var quotient = BigInteger.DivRem(left, right, out BigInteger rest);
                bool below = !rest.IsZero && (rest.Sign < 0) != (right.Sign < 0);
                return operation == "//"
                    ? run.Integer(below ? quotient - 1 : quotient)
                    : run.Integer(below ? rest + right : rest);
        }
    }

    private static FloatValue OfReal(Run run, string operation, double left, double right)
    {
        if (right == 0 && (operation is "/" or "//" or "%" || (operation == "**" && left == 0 && 1 / right < 0)))
        {
            throw run.Fail("a number is divided by zero.");
        }

        double result = operation switch
        {
            "+" => left + right,
            "-" => left - right,
            "*" => left * right,
            "/" => left / right,
            "//" => Math.Floor(left / right),
            "%" => Modulo(left, right),
            _ => Math.Pow(left, right),
        };
        bool fails = operation is "**" or "/" && !double.IsFinite(result)
            && double.IsFinite(left) && double.IsFinite(right);
        return fails ? throw run.Fail($"the result of '{operation}' is no finite number.") : new FloatValue(result);
    }

    private static double Modulo(double left, double right)
    {
        double rest = left % right;
        return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
    }
}
