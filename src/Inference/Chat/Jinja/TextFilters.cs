namespace Swarm.Inference.Chat.Jinja;

/// <summary>Filters that give texts; they take any value as the text it is shown as.</summary>
internal static class TextFilters
{
    private static readonly Native Escape = new(1, ["value"], (run, a) =>
    {
        TextValue text = Text(run, a);

        foreach ((string letter, string name) in (ReadOnlySpan<(string, string)>)
            [("&", "&amp;"), (">", "&gt;"), ("<", "&lt;"), ("'", "&#39;"), ("\"", "&#34;")])
        {
            text = TextParts.Replace(run, text, TextValue.Template(letter), TextValue.Template(name), -1);
        }

        return text;
    });

    public static IReadOnlyDictionary<string, Native> All { get; } = new Dictionary<string, Native>
    {
        ["string"] = new(1, ["value"], Text),
        ["trim"] = new(1, ["value", "chars"], (run, a) => TextParts.Strip(
            run,
            Text(run, a),
            a[1] is null or NoneValue ? null : TextMethods.Need(run, a[1]),
            left: true,
            right: true)),
        ["upper"] = new(1, ["value"], (run, a) => TextCase.Upper(run, Text(run, a))),
        ["lower"] = new(1, ["value"], (run, a) => TextCase.Lower(run, Text(run, a))),
        ["title"] = new(1, ["value"], (run, a) => TextCase.TitleOfWords(run, Text(run, a))),
        ["capitalize"] = new(1, ["value"], (run, a) => TextCase.Capitalize(run, Text(run, a))),
        ["replace"] = new(3, ["value", "old", "new", "count"], (run, a) => TextParts.Replace(
            run,
            Text(run, a),
            Printer.Text(run, a[1]!),
            Printer.Text(run, a[2]!),
            a[3] is NoneValue ? -1 : TextMethods.Count(run, a[3], -1))),
        ["indent"] = new(1, ["value", "width", "first", "blank"], Indent),
        ["center"] = new(1, ["value", "width"], (run, a) => TextParts.Pad(
            run, Text(run, a), TextMethods.Count(run, a[1], 80), TextValue.Template(" "), '^')),
        ["truncate"] = new(1, ["value", "length", "killwords", "end", "leeway"], Truncate),
        ["wordcount"] = new(1, ["value"], (run, a) => new IntegerValue(WordCount(Text(run, a).Text))),
        ["format"] = new(Format),
        ["escape"] = Escape,
        ["e"] = Escape,
        ["forceescape"] = Escape,
    };

    private static TextValue Text(Run run, Value?[] arguments) => Printer.Text(run, arguments[0]!);

    private static TextValue Indent(Run run, Value?[] a)
    {
        TextValue margin = a[1] as TextValue ?? TextParts.Pad(
            run, TextValue.Empty, TextMethods.Count(run, a[1], 4), TextValue.Template(" "), '<');
        bool indentsFirst = a[2]?.IsTrue ?? false;
        bool indentsBlank = a[3]?.IsTrue ?? false;
        var newline = TextValue.Template("\n");
        List<TextValue> lines = TextParts.Lines(
            run, Sequences.Concat(run, [Text(run, a), newline]), keepEnds: false);
        var output = new TextBuilder(run);

        for (int i = 0; i < lines.Count; i++)
        {
            output.Append(i > 0 ? "\n" : "");

            if (i == 0 ? indentsFirst : indentsBlank || lines[i].IsTrue)
            {
                output.Append(margin);
            }

            output.Append(lines[i]);
        }

        return output.Take();
    }

    private static TextValue Truncate(Run run, Value?[] a)
    {
        TextValue text = Text(run, a);
        TextValue end = a[3] is null ? TextValue.Template("...") : TextMethods.Need(run, a[3]);
        int length = TextMethods.Count(run, a[1], 255);
        int leeway = TextMethods.Count(run, a[4] is NoneValue ? null : a[4], 5);

        if (length < end.Points || leeway < 0)
        {
            throw run.Fail("truncate cannot keep less than its ending.");
        }

        if (text.Points <= (long)length + leeway)
        {
            return text;
        }

        TextValue start = text.Slice(run, 0, text.IndexOf(length - end.Points));
        int word = a[2]?.IsTrue ?? false ? -1 : start.Text.LastIndexOf(' ');
        return Sequences.Concat(run, [word < 0 ? start : start.Slice(run, 0, word), end]);
    }

    private static int WordCount(string text)
    {
        static bool IsWord(char letter) => char.IsLetterOrDigit(letter) || letter == '_';
        return Enumerable.Range(0, text.Length).Count(i => IsWord(text[i]) && (i == 0 || !IsWord(text[i - 1])));
    }

    private static TextValue Format(Run run, Arguments arguments)
    {
        Arguments values = arguments.Skip(1);

        if (values.Positional.Count > 0 && values.Named.Count > 0)
        {
            throw run.Fail("format takes its values either in order or by name.");
        }

        Value given = new ListValue([.. values.Positional], isTuple: true);

        if (values.Named.Count > 0)
        {
            var dict = new DictValue();

            foreach ((string name, Value value) in values.Named)
            {
                dict.Items[TextValue.Template(name)] = value;
            }

            given = dict;
        }

        return PercentFormat.Apply(run, Printer.Text(run, arguments.Positional[0]), given);
    }
}
