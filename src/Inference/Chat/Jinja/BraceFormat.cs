using System.Globalization;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>Python's newer notation: <c>"{} of {total}".format(part, total=all)</c>.</summary>
internal sealed class BraceFormat
{
    private readonly Run _run;
    private readonly Arguments _values;
    private int _next;

    private BraceFormat(Run run, Arguments values) => (_run, _values) = (run, values);

    /// <summary>The text with its places filled.</summary>
    public static TextValue Apply(Run run, TextValue pattern, Arguments values)
        => new BraceFormat(run, values).Fill(pattern);

    private TextValue Fill(TextValue pattern)
    {
        _run.Enter();
        var output = new TextBuilder(_run);
        string text = pattern.Text;

        for (int at = 0; at < text.Length;)
        {
            int brace = text.AsSpan(at).IndexOfAny('{', '}');
            brace = brace < 0 ? text.Length : at + brace;
            output.Append(pattern, at, brace - at);
            at = brace;

            if (at == text.Length)
            {
                break;
            }

            if (at + 1 < text.Length && text[at + 1] == text[at])
            {
                output.Append(pattern, at, 1);
                at += 2;
            }
            else if (text[at] == '{')
            {
                int end = PlaceEnd(text, at);
                output.Append(Place(pattern.Slice(_run, at + 1, end - at - 1)));
                at = end + 1;
            }
            else
            {
                throw _run.Fail("a '}' in a format closes nothing.");
            }
        }

        _run.Leave();
        return output.Take();
    }

    /// <summary>Where the brace that opens at <paramref name="open"/> closes.</summary>
    private int PlaceEnd(string text, int open)
    {
        int depth = 0;

        for (int at = open; at < text.Length; at++)
        {
            depth += text[at] == '{' ? 1 : text[at] == '}' ? -1 : 0;

            if (depth == 0)
            {
                return at;
            }
        }

        throw _run.Fail("a '{' in a format is not closed.");
    }

    private TextValue Place(TextValue place)
    {
        string text = place.Text;
        int nameEnd = text.AsSpan().IndexOfAny(':', '!');
        nameEnd = nameEnd < 0 ? text.Length : nameEnd;
        Value value = Look(text[..nameEnd]);
        int at = nameEnd;

        if (at < text.Length && text[at] == '!')
        {
            char conversion = at + 1 < text.Length ? text[at + 1] : '\0';
            value = Convert(conversion, value);
            at += 2;
        }

        if (at == text.Length)
        {
            return Printer.Text(_run, value);
        }

        return text[at] != ':'
            ? throw _run.Fail("a format's conversion is one letter.")
            : FormatSpec.Parse(_run, Fill(place.Slice(_run, at + 1, text.Length - at - 1))).Apply(_run, value);
    }

    private TextValue Convert(char conversion, Value value)
    {
        switch (conversion)
        {
            case 's':
                return Printer.Text(_run, value);
            case 'r' or 'a':
                var code = new TextBuilder(_run);
                Printer.WriteCode(_run, code, value);
                return code.Take();
            default:
                throw _run.Fail($"the format's conversion '{conversion}' is not known.");
        }
    }

    /// <summary>The value of a place's name, with the attributes and elements behind it.</summary>
    private Value Look(string path)
    {
        int end = path.AsSpan().IndexOfAny('.', '[');
        end = end < 0 ? path.Length : end;
        Value value = First(path[..end]);

        while (end < path.Length)
        {
            bool isItem = path[end] == '[';
            int start = end + 1;
            int close = isItem ? path.IndexOf(']', start) : NextPart(path, start);

            if (close <= start)
            {
                throw _run.Fail($"'{path}' names no value of a format.");
            }

            string name = path[start..close];
            value = !isItem ? Members.Attribute(_run, value, name)
                : Numbers.ParseInteger(name, 10) is { } index
                    ? Members.Item(_run, value, new IntegerValue(index))
                    : Members.Item(_run, value, TextValue.Template(name));
            end = isItem ? close + 1 : close;
        }

        return value;
    }

    private static int NextPart(string path, int start)
    {
        int end = path.AsSpan(start).IndexOfAny('.', '[');
        return end < 0 ? path.Length : start + end;
    }

    private Value First(string name)
    {
        if (name.Length == 0 || name.All(char.IsAsciiDigit))
        {
            int index = name.Length == 0 ? _next++
                : int.TryParse(name, CultureInfo.InvariantCulture, out int given) ? given : int.MaxValue;
            return index < _values.Positional.Count
                ? _values.Positional[index]
                : throw _run.Fail("a format has more places than values.");
        }

        foreach ((string given, Value value) in _values.Named)
        {
            if (given == name)
            {
                return value;
            }
        }

        throw _run.Fail($"a format lacks the value '{name}'.");
    }
}
