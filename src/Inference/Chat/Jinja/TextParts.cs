namespace Swarm.Inference.Chat.Jinja;

/// <summary>Takes texts apart and puts them together, as Python's own methods do.</summary>
internal static class TextParts
{
    /// <summary>Without white space, or without any of the given letters, at its ends.</summary>
    public static TextValue Strip(Run run, TextValue text, TextValue? letters, bool left, bool right)
    {
        string source = text.Text;
        string? gone = letters?.Text;
        bool Goes(char letter) => gone is null ? PythonText.IsSpace(letter) : gone.Contains(letter);
        int start = 0;
        int end = source.Length;
        run.Characters((long)source.Length * (gone is null ? 0 : 1));

        while (left && start < end && Goes(source[start]))
        {
            start++;
        }

        while (right && end > start && Goes(source[end - 1]))
        {
            end--;
        }

        return text.Slice(run, start, end - start);
    }

    /// <summary>The parts between white space, or between separators; at most <paramref name="most"/> cuts.</summary>
    public static List<TextValue> Split(Run run, TextValue text, TextValue? separator, int most, bool fromEnd)
    {
        run.Characters(text.Text.Length);
        List<(int Start, int Length)> parts = separator is null
            ? Words(run, text.Text, most, fromEnd)
            : separator.Text.Length == 0 ? throw run.Fail("a text cannot be split at nothing.")
            : Between(run, text.Text, separator.Text, most, fromEnd);
        return [.. parts.Select(part => text.Slice(run, part.Start, part.Length))];
    }

    /// <summary>Its lines, with their ends if asked for.</summary>
    public static List<TextValue> Lines(Run run, TextValue text, bool keepEnds)
    {
        string source = text.Text;
        var lines = new List<TextValue>();

        for (int start = 0; start < source.Length;)
        {
            int end = start;

            while (end < source.Length && !PythonText.IsLineEnd(source[end]))
            {
                end++;
            }

            int next = end == source.Length ? end
                : end + (source[end] == '\r' && end + 1 < source.Length && source[end + 1] == '\n' ? 2 : 1);
            run.Elements(1);
            lines.Add(text.Slice(run, start, (keepEnds ? next : end) - start));
            start = next;
        }

        return lines;
    }

    /// <summary>With another text in the place of a part: of all, or of the first <paramref name="count"/>.</summary>
    public static TextValue Replace(Run run, TextValue text, TextValue old, TextValue with, int count)
    {
        var output = new TextBuilder(run);
        int most = count < 0 ? int.MaxValue : count;

        if (old.Text.Length == 0)
        {
            List<Value> letters = Sequences.Letters(run, text);

            for (int i = 0; i <= letters.Count; i++)
            {
                if (i < most)
                {
                    output.Append(with);
                }

                if (i < letters.Count)
                {
                    output.Append((TextValue)letters[i]);
                }
            }

            return output.Take();
        }

        List<(int Start, int Length)> parts = Between(run, text.Text, old.Text, most, fromEnd: false);

        for (int i = 0; i < parts.Count; i++)
        {
            if (i > 0)
            {
                output.Append(with);
            }

            output.Append(text, parts[i].Start, parts[i].Length);
        }

        return output.Take();
    }

    /// <summary>Texts with a separator between them.</summary>
    public static TextValue Join(Run run, TextValue separator, IEnumerable<TextValue> texts)
    {
        var output = new TextBuilder(run);
        bool isFirst = true;

        foreach (TextValue text in texts)
        {
            if (!isFirst)
            {
                output.Append(separator);
            }

            isFirst = false;
            output.Append(text);
        }

        return output.Take();
    }

    /// <summary>Filled up to a width, in code points.</summary>
    public static TextValue Pad(Run run, TextValue text, int width, TextValue fill, char align)
    {
        int missing = Math.Max(0, width - text.Points);
        int left = align switch
        {
            '<' => 0,
            // As the reference: the odd one goes left when the width is odd.
            '^' => (missing / 2) + (missing & width & 1),
            _ => missing,
        };
        run.Characters(missing);
        return missing == 0 ? text : Sequences.Concat(
            run, [.. Enumerable.Repeat(fill, left), text, .. Enumerable.Repeat(fill, missing - left)]);
    }

    /// <summary>Filled up with zeros behind its sign.</summary>
    public static TextValue ZeroFill(Run run, TextValue text, int width)
    {
        int sign = text.Text.Length > 0 && text.Text[0] is '-' or '+' ? 1 : 0;
        TextValue digits = text.Slice(run, sign, text.Text.Length - sign);
        return Sequences.Concat(
            run, [text.Slice(run, 0, sign), Pad(run, digits, Math.Max(0, width - sign), TextValue.Template("0"), '>')]);
    }

    private static List<(int Start, int Length)> Words(Run run, string text, int most, bool fromEnd)
    {
        var words = new List<(int Start, int Length)>();

        for (int at = 0; at < text.Length;)
        {
            int start = at;
            bool isSpace = PythonText.IsSpace(text[at]);

            while (at < text.Length && PythonText.IsSpace(text[at]) == isSpace)
            {
                at++;
            }

            if (!isSpace)
            {
                run.Elements(1);
                words.Add((start, at - start));
            }
        }

        if (words.Count - 1 <= most)
        {
            return words;
        }

        // What is not cut any more keeps the white space within, and at its outer end.
        if (fromEnd)
        {
            int last = words.Count - 1 - most;
            int end = words[last].Start + words[last].Length;
            return [(0, end), .. words[(last + 1)..]];
        }

        return [.. words[..most], (words[most].Start, text.Length - words[most].Start)];
    }

    private static List<(int Start, int Length)> Between(
        Run run, string text, string separator, int most, bool fromEnd)
    {
        var cuts = new List<int>();
        int at = fromEnd ? text.Length : 0;

        while (cuts.Count < most)
        {
            int found = fromEnd
                ? text.AsSpan(0, at).LastIndexOf(separator)
                : text.AsSpan(at).IndexOf(separator);

            if (found < 0)
            {
                break;
            }

            found += fromEnd ? 0 : at;
            at = fromEnd ? found : found + separator.Length;
            run.Elements(1);
            cuts.Add(found);
        }

        if (fromEnd)
        {
            cuts.Reverse();
        }

        var parts = new List<(int Start, int Length)>(cuts.Count + 1);
        int start = 0;

        foreach (int cut in cuts)
        {
            parts.Add((start, cut - start));
            start = cut + separator.Length;
        }

        parts.Add((start, text.Length - start));
        return parts;
    }
}
