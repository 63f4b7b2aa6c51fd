using System.Numerics;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>Which values are equal, as Python sees it: by what they hold; who wrote a text plays no part.</summary>
internal static class Equality
{
    /// <summary>For the keys of dicts, which are numbers, texts, none and tuples of them.</summary>
    public static IEqualityComparer<Value> Keys { get; } = new KeyComparer();

    /// <summary>Whether two values are equal.</summary>
    public static bool Equal(Run run, Value left, Value right)
    {
        switch (left, right)
        {
            case (ListValue a, ListValue b):
                run.Enter();
                bool same = a.IsTuple == b.IsTuple
                    && a.Items.Count == b.Items.Count
                    && a.Items.Zip(b.Items).All(pair => Equal(run, pair.First, pair.Second));
                run.Leave();
                return same;
            case (DictValue a, DictValue b):
                run.Enter();
                same = a.Items.Count == b.Items.Count
                    && a.Items.All(pair => b.Items.TryGetValue(pair.Key, out Value? other)
                        && Equal(run, pair.Value, other));
                run.Leave();
                return same;
            default:
                run.Step();
                return SameScalar(left, right);
        }
    }

    /// <summary>Checks that a value can be a key.</summary>
    /// <exception cref="TemplateException">It can be changed, so it cannot.</exception>
    public static Value Key(Run run, Value value) => CanBeKey(run, value)
        ? value
        : throw run.Fail($"a {value.TypeName} cannot be the key of a dict.");

    /// <summary>Whether a value can be a key.</summary>
    public static bool CanBeKey(Run run, Value value)
    {
        if (value is not ListValue list)
        {
            return value is not DictValue;
        }

        run.Enter();
        bool can = list.IsTuple && list.Items.TrueForAll(item => CanBeKey(run, item));
        run.Leave();
        return can;
    }

    private static bool SameScalar(Value left, Value right)
    {
        if (left is TextValue a && right is TextValue b)
        {
            return a.Text == b.Text;
        }

        if (Numbers.Whole(left) is { } whole && Numbers.Whole(right) is { } other)
        {
            return whole == other;
        }

        if (Numbers.Real(left) is { } first && Numbers.Real(right) is { } second)
        {
            return first.Equals(second) && !double.IsNaN(first) ? SameReal(left, right) : first == second;
        }

        return ReferenceEquals(left, right) || (left is UndefinedValue && right is UndefinedValue);
    }

    /// <summary>A large whole number may round to a number that it is not.</summary>
    private static bool SameReal(Value left, Value right)
    {
        Value whole = left is FloatValue ? right : left;
        double real = ((FloatValue)(left is FloatValue ? left : right)).Number;
        return Numbers.Whole(whole) is not { } number || (double.IsFinite(real) && new BigInteger(real) == number);
    }

    private sealed class KeyComparer : IEqualityComparer<Value>
    {
        public bool Equals(Value? left, Value? right)
            => left is ListValue a && right is ListValue b
                ? a.IsTuple == b.IsTuple && a.Items.SequenceEqual(b.Items, this)
                : left is not null && right is not null && SameScalar(left, right);

        public int GetHashCode(Value value) => value switch
        {
            TextValue text => text.Text.GetHashCode(StringComparison.Ordinal),
            ListValue list => list.Items.Aggregate(17, (hash, item) => (hash * 31) + GetHashCode(item)),
            _ => Numbers.Real(value)?.GetHashCode() ?? value.TypeName.GetHashCode(StringComparison.Ordinal),
        };
    }
}
