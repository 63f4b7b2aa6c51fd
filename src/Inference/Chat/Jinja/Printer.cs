using System.Globalization;
using System.Text;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>Values as texts: as <c>str</c> writes them, and within lists and dicts as <c>repr</c> does.</summary>
internal static class Printer
{
    /// <summary>A value as a text of its own.</summary>
    public static TextValue Text(Run run, Value value)
    {
        if (value is TextValue same)
        {
            return same;
        }

        var text = new TextBuilder(run);
        Write(run, text, value);
        return text.Take();
    }

    /// <summary>Writes a value as it is shown to people.</summary>
    public static void Write(Run run, TextBuilder output, Value value)
    {
        switch (value)
        {
            case TextValue text:
                output.Append(text);
                break;
            case UndefinedValue:
                break;
            default:
                WriteCode(run, output, value);
                break;
        }
    }

    /// <summary>Writes a value as a program would write it.</summary>
    public static void WriteCode(Run run, TextBuilder output, Value value)
    {
        run.Enter();

        switch (value)
        {
            case TextValue text:
                WriteQuoted(output, text);
                break;
            case ListValue { IsTuple: true } tuple:
                WriteItems(run, output, "(", tuple.Items, tuple.Items.Count == 1 ? ",)" : ")");
                break;
            case ListValue list:
                WriteItems(run, output, "[", list.Items, "]");
                break;
            case ViewValue view:
                WriteItems(run, output, view.TypeName + "([", view.Items, "])");
                break;
            case DictValue dict:
                WriteDict(run, output, dict.Items);
                break;
            case NamespaceValue space:
                output.Append("<Namespace ");
                WriteDict(run, output, space.Attributes.Select(
                    pair => KeyValuePair.Create<Value, Value>(TextValue.Template(pair.Key), pair.Value)));
                output.Append(">");
                break;
            default:
                output.Append(Simple(value));
                break;
        }

        run.Leave();
    }

    private static string Simple(Value value) => value switch
    {
        NoneValue => "None",
        BoolValue flag => flag.IsTrue ? "True" : "False",
        IntegerValue integer => integer.Number.ToString(CultureInfo.InvariantCulture),
        FloatValue real => Numbers.Text(real.Number),
        StreamValue stream => $"<generator object {stream.Name}>",
        UndefinedValue => "Undefined",
        _ => $"<{value.TypeName}>",
    };

    private static void WriteItems(
        Run run, TextBuilder output, string open, IReadOnlyList<Value> items, string close)
    {
        output.Append(open);

        for (int i = 0; i < items.Count; i++)
        {
            output.Append(i > 0 ? ", " : "");
            WriteCode(run, output, items[i]);
        }

        output.Append(close);
    }

    private static void WriteDict(Run run, TextBuilder output, IEnumerable<KeyValuePair<Value, Value>> items)
    {
        output.Append("{");
        string before = "";

        foreach ((Value key, Value value) in items)
        {
            output.Append(before);
            WriteCode(run, output, key);
            output.Append(": ");
            WriteCode(run, output, value);
            before = ", ";
        }

        output.Append("}");
    }

    private static void WriteQuoted(TextBuilder output, TextValue text)
    {
        string quote = text.Text.Contains('\'') && !text.Text.Contains('"') ? "\"" : "'";
        output.Append(quote);

        foreach ((int start, int length, bool isUser) in text.Stretches(0, text.Text.Length))
        {
            ReadOnlySpan<char> letters = text.Text.AsSpan(start, length);

            for (int at = 0; at < letters.Length;)
            {
                Rune rune = PythonText.RuneAt(letters, at, out int count);
                output.Append(Escaped(letters.Slice(at, count), rune, quote[0]), isUser);
                at += count;
            }
        }

        output.Append(quote);
    }

    private static ReadOnlySpan<char> Escaped(ReadOnlySpan<char> letter, Rune rune, char quote) => letter[0] switch
    {
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        char same when same == quote => "\\" + same,
        char half when char.IsSurrogate(half) && letter.Length == 1 => $"\\u{(int)half:x4}",
        _ when PythonText.IsPrintable(rune) => letter,
        _ when rune.Value <= 0xFF => $"\\x{rune.Value:x2}",
        _ => rune.IsBmp ? $"\\u{rune.Value:x4}" : $"\\U{rune.Value:x8}",
    };
}
