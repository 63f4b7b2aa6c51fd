using System.Globalization;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>Which of two values comes first, as Python sees it.</summary>
internal static class Ordering
{
    /// <summary>Whether <c>left operator right</c> holds.</summary>
    /// <exception cref="TemplateException">The two cannot be ordered.</exception>
    public static bool Holds(Run run, string operation, Value left, Value right)
    {
        int? order = Compare(run, operation, left, right);
        return operation switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }

    /// <summary>Negative, zero or positive; null when one of them is no number at all.</summary>
    public static int? Compare(Run run, string operation, Value left, Value right)
    {
        run.Step();

        if (left is TextValue a && right is TextValue b)
        {
            return ByPoints(a.Text, b.Text);
        }

        if (Numbers.Whole(left) is { } whole && Numbers.Whole(right) is { } other)
        {
            return whole.CompareTo(other);
        }

        if (Numbers.Real(left) is { } first && Numbers.Real(right) is { } second)
        {
            return double.IsNaN(first) || double.IsNaN(second) ? null : first.CompareTo(second);
        }

        if (left is ListValue x && right is ListValue y && x.IsTuple == y.IsTuple)
        {
            return ByItems(run, operation, x.Items, y.Items);
        }

        if ((left as UndefinedValue ?? right as UndefinedValue) is { } undefined)
        {
            throw run.Fail(undefined.Problem);
        }

        throw run.Fail(string.Create(
            CultureInfo.InvariantCulture, $"'{operation}' cannot compare {left.TypeName} with {right.TypeName}."));
    }

    /// <summary>Sorts, keeping the order of equals.</summary>
    public static List<Value> Sort(Run run, IReadOnlyList<Value> items, Func<Value, Value> key, bool reverse)
    {
        run.Elements(items.Count);
        (Value Key, Value Item)[] sorted = [.. items.Select(item => (key(item), item))];
        var other = new (Value Key, Value Item)[sorted.Length];

        // Merges runs of doubling length; the library's sorts wrap what a comparison throws.
        for (int width = 1; width < sorted.Length; width *= 2)
        {
            for (int start = 0; start < sorted.Length; start += 2 * width)
            {
                int middle = Math.Min(start + width, sorted.Length);
                Merge(run, sorted, start, middle, Math.Min(middle + width, sorted.Length), other, reverse);
            }

            (sorted, other) = (other, sorted);
        }

        return [.. sorted.Select(pair => pair.Item)];
    }

    private static void Merge(
        Run run,
        (Value Key, Value Item)[] from,
        int left,
        int middle,
        int end,
        (Value Key, Value Item)[] into,
        bool reverse)
    {
        int right = middle;

        for (int at = left; at < end; at++)
        {
            bool takesRight = left == middle || (right < end && (reverse
                ? Compare(run, "<", from[left].Key, from[right].Key) < 0
                : Compare(run, "<", from[right].Key, from[left].Key) < 0));
            into[at] = takesRight ? from[right++] : from[left++];
        }
    }

    private static int? ByItems(Run run, string operation, List<Value> left, List<Value> right)
    {
        run.Enter();
        int? order = null;

        for (int i = 0; i < Math.Min(left.Count, right.Count) && order is null; i++)
        {
            order = Equality.Equal(run, left[i], right[i]) ? null : Compare(run, operation, left[i], right[i]) ?? 0;
        }

        run.Leave();
        return order ?? left.Count.CompareTo(right.Count);
    }

    /// <summary>By code points: a surrogate stands for one above all other chars.</summary>
    private static int ByPoints(string left, string right)
    {
        int same = left.AsSpan().CommonPrefixLength(right);

        if (same == left.Length || same == right.Length)
        {
            return left.Length.CompareTo(right.Length);
        }

        (char a, char b) = (left[same], right[same]);
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
    }
}
