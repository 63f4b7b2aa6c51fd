using System.Numerics;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>What can be walked through, counted, picked from and sliced.</summary>
internal static class Sequences
{
    /// <summary>The values that a loop over it takes, as a list of its own.</summary>
    /// <exception cref="TemplateException">It cannot be walked through.</exception>
    public static List<Value> Items(Run run, Value value)
        => TryItems(run, value) ?? throw run.Fail($"a {value.TypeName} cannot be walked through.");

    /// <summary>The values that a loop over it takes; null when it cannot be walked through.</summary>
    public static List<Value>? TryItems(Run run, Value value)
    {
        switch (value)
        {
            case ListValue list:
                run.Elements(list.Items.Count);
                return [.. list.Items];
            case ViewValue view:
                run.Elements(view.Items.Count);
                return [.. view.Items];
            case DictValue dict:
                run.Elements(dict.Items.Count);
                return [.. dict.Items.Keys];
            case StreamValue stream:
                return stream.Take();
            case TextValue text:
                run.Elements(text.Points);
                return Letters(run, text);
            case UndefinedValue:
                return [];
            default:
                return null;
        }
    }

    /// <summary>How many values it has; null when it has no length.</summary>
    public static int? Length(Value value) => value switch
    {
        ListValue list => list.Items.Count,
        DictValue dict => dict.Items.Count,
        ViewValue view => view.Items.Count,
        TextValue text => text.Points,
        UndefinedValue => 0,
        _ => null,
    };

    /// <summary>An element of a text or list, negative ones from the end; null when beyond.</summary>
    public static Value? At(Run run, Value value, BigInteger index)
    {
        int count = value is TextValue or ListValue ? Length(value)!.Value : 0;
        index = index.Sign < 0 ? index + count : index;

        if (index.Sign < 0 || index >= count)
        {
            return null;
        }

        int at = (int)index;
        return value is TextValue text ? Letter(run, text, text.IndexOf(at)) : ((ListValue)value).Items[at];
    }

    /// <summary>Every <paramref name="step"/>th element of a text or list from one place to another.</summary>
    public static Value? Slice(Run run, Value value, BigInteger? start, BigInteger? stop, BigInteger? step)
    {
        if (value is not (TextValue or ListValue))
        {
            return null;
        }

        BigInteger by = step ?? 1;

        if (by.IsZero)
        {
            throw run.Fail("a slice's step cannot be zero.");
        }

        int count = Length(value)!.Value;
        bool up = by.Sign > 0;
        int from = Clamp(start, up ? 0 : count - 1, count, up);
        int to = Clamp(stop, up ? count : -1, count, up);

        if (value is TextValue text && by.IsOne)
        {
            int first = text.IndexOf(from);
            return text.Slice(run, first, Math.Max(first, text.IndexOf(to)) - first);
        }

        int pace = (int)BigInteger.Clamp(by, -count - 1, count + 1);
        List<Value> items = value is TextValue letters ? Letters(run, letters) : ((ListValue)value).Items;
        var picked = new List<Value>();

        for (int i = from; up ? i < to : i > to; i += pace)
        {
            run.Elements(1);
            picked.Add(items[i]);
        }

        return value is ListValue list ? new ListValue(picked, list.IsTuple) : Concat(run, picked);
    }

    /// <summary>The letters of a text, each as a text.</summary>
    public static List<Value> Letters(Run run, TextValue text)
    {
        var letters = new List<Value>(text.Points);

        for (int at = 0; at < text.Text.Length;)
        {
            TextValue letter = Letter(run, text, at);
            letters.Add(letter);
            at += letter.Text.Length;
        }

        return letters;
    }

    /// <summary>Texts one behind the other.</summary>
    public static TextValue Concat(Run run, IEnumerable<Value> texts)
    {
        var all = new TextBuilder(run);

        foreach (Value text in texts)
        {
            all.Append((TextValue)text);
        }

        return all.Take();
    }

    private static TextValue Letter(Run run, TextValue text, int at)
        => text.Slice(run, at, char.IsSurrogatePair(text.Text, at) ? 2 : 1);

    private static int Clamp(BigInteger? place, int absent, int count, bool up)
    {
        if (place is not { } index)
        {
            return absent;
        }

        index = index.Sign < 0 ? index + count : index;
        return (int)BigInteger.Clamp(index, up ? 0 : -1, up ? count : count - 1);
    }
}
