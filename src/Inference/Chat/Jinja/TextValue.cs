namespace Swarm.Inference.Chat.Jinja;

/// <summary>
/// A text that knows, character by character, who wrote it: the template or the user. Python counts code points; the
/// indices here are those of UTF-16.
/// </summary>
internal sealed class TextValue : Value
{
    private static readonly int[] ByTemplate = [];
    private static readonly int[] ByUser = [0];

    // Where the writer changes, ascending; the template begins.
    private readonly int[] _changes;
    private int _points = -1;

    /// <summary>A text whose writer changes at these indices; the template begins.</summary>
    public TextValue(string text, int[] changes)
    {
        Text = text;
        _changes = changes;
    }

    /// <summary>Nothing.</summary>
    public static TextValue Empty { get; } = Template("");

    public string Text { get; }

    public override string TypeName => "str";

    public override bool IsTrue => Text.Length > 0;

    /// <summary>Whether a user wrote any of it.</summary>
    public bool HasUserText => _changes.Length > 0;

    /// <summary>How many code points it has.</summary>
    public int Points => _points >= 0 ? _points : _points = CountPoints();

    /// <summary>Whether one char is one code point.</summary>
    public bool IsPlain => Points == Text.Length;

    /// <summary>A text of the template.</summary>
    public static TextValue Template(string text) => new(text, ByTemplate);

    /// <summary>A text from outside.</summary>
    public static TextValue User(string text) => new(text, text.Length == 0 ? ByTemplate : ByUser);

    /// <summary>A part of it.</summary>
    public TextValue Slice(Run run, int start, int length)
    {
        if (length == Text.Length)
        {
            return this;
        }

        var part = new TextBuilder(run);
        part.Append(this, start, length);
        return part.Take();
    }

    /// <summary>The UTF-16 index of a code point; the length for the one behind the last.</summary>
    public int IndexOf(int point)
    {
        if (IsPlain)
        {
            return point;
        }

        int index = 0;

        for (; point > 0; point--)
        {
            index += char.IsSurrogatePair(Text, index) ? 2 : 1;
        }

        return index;
    }

    /// <summary>Stretches of one writer within a part of the text, in order.</summary>
    public IEnumerable<(int Start, int Length, bool IsUser)> Stretches(int start, int length)
    {
        int end = start + length;
        int change = FirstChangeBehind(start);

        while (start < end)
        {
            int next = change < _changes.Length ? Math.Min(end, _changes[change]) : end;
            yield return (start, next - start, (change & 1) == 1);
            start = next;
            change++;
        }
    }

    private int FirstChangeBehind(int index)
    {
        int found = Array.BinarySearch(_changes, index);
        return found >= 0 ? found + 1 : ~found;
    }

    private int CountPoints()
    {
        int points = 0;

        for (int i = 0; i < Text.Length; i++)
        {
            if (char.IsHighSurrogate(Text[i]) && i + 1 < Text.Length && char.IsLowSurrogate(Text[i + 1]))
            {
                i++;
            }

            points++;
        }

        return points;
    }
}
