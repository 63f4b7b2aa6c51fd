using System.Globalization;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>Values as JSON, with the spaces and escapes of Python's <c>json.dumps</c>.</summary>
internal sealed class JsonText(Run run, TextValue? indent, TextValue itemSeparator, TextValue keySeparator)
{
    private readonly TextBuilder _output = new(run);

    /// <summary>Whether keys are written in their own order instead of the dict's.</summary>
    public bool SortKeys { get; init; }

    /// <summary>Whether letters outside of ASCII are escaped.</summary>
    public bool AsciiOnly { get; init; }

    /// <summary>The JSON of a value.</summary>
    /// <exception cref="TemplateException">It is of a kind that JSON does not have.</exception>
    public TextValue Of(Value value)
    {
        Write(value, 0);
        return _output.Take();
    }

    private void Write(Value value, int depth)
    {
        run.Enter();

        switch (value)
        {
            case TextValue text:
                WriteText(text);
                break;
            case ListValue { Items.Count: 0 }:
                _output.Append("[]");
                break;
            case DictValue { Items.Count: 0 }:
                _output.Append("{}");
                break;
            case ListValue list:
                WriteAll("[", list.Items, item => Write(item, depth + 1), "]", depth);
                break;
            case DictValue dict:
                WriteAll("{", Ordered(dict), pair => WritePair(pair.Key, pair.Value, depth + 1), "}", depth);
                break;
            default:
                _output.Append(Simple(value)
                    ?? throw run.Fail(value is UndefinedValue undefined
                        ? $"{undefined.Problem} JSON cannot say that."
                        : $"a {value.TypeName} cannot be written as JSON."));
                break;
        }

        run.Leave();
    }

    private void WriteAll<T>(string open, IReadOnlyCollection<T> items, Action<T> write, string close, int depth)
    {
        _output.Append(open);
        bool isFirst = true;

        foreach (T item in items)
        {
            if (!isFirst)
            {
                _output.Append(itemSeparator);
            }

            isFirst = false;
            WriteLine(depth + 1);
            write(item);
        }

        WriteLine(depth);
        _output.Append(close);
    }

    private void WriteLine(int depth)
    {
        if (indent is not null)
        {
            _output.Append("\n");

            for (int i = 0; i < depth; i++)
            {
                _output.Append(indent);
            }
        }
    }

    private void WritePair(Value key, Value value, int depth)
    {
        WriteText(key as TextValue ?? TextValue.Template(Simple(key)
            ?? throw run.Fail($"a {key.TypeName} cannot be a key in JSON.")));
        _output.Append(keySeparator);
        Write(value, depth);
    }

    private OrderedDictionary<Value, Value> Ordered(DictValue dict)
    {
        if (!SortKeys)
        {
            return dict.Items;
        }

        List<Value> keys = Ordering.Sort(run, [.. dict.Items.Keys], key => key, reverse: false);
        return new(keys.Select(key => KeyValuePair.Create(key, dict.Items[key])), Equality.Keys);
    }

    private static string? Simple(Value value) => value switch
    {
        NoneValue => "null",
        BoolValue flag => flag.IsTrue ? "true" : "false",
        IntegerValue integer => integer.Number.ToString(CultureInfo.InvariantCulture),
        FloatValue { Number: double.PositiveInfinity } => "Infinity",
        FloatValue { Number: double.NegativeInfinity } => "-Infinity",
        FloatValue real => double.IsNaN(real.Number) ? "NaN" : Numbers.Text(real.Number),
        _ => null,
    };

    private void WriteText(TextValue text)
    {
        _output.Append("\"");

        foreach ((int start, int length, bool isUser) in text.Stretches(0, text.Text.Length))
        {
            int end = start + length;
            int written = start;

            for (int at = start; at < end; at++)
            {
                if (Escape(text.Text[at]) is { } escape)
                {
                    _output.Append(text.Text.AsSpan(written, at - written), isUser);
                    _output.Append(escape, isUser);
                    written = at + 1;
                }
            }

            _output.Append(text.Text.AsSpan(written, end - written), isUser);
        }

        _output.Append("\"");
    }

    private string? Escape(char letter) => letter switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\f' => "\\f",
        '\b' => "\\b",
        < ' ' => Hex(letter),
        > '~' when AsciiOnly => Hex(letter),
        _ => null,
    };

    private static string Hex(char letter) => string.Create(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}");
}
