using System.Numerics;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>The methods of texts.</summary>
internal static class TextMethods
{
    /// <summary>By name; the text itself is the first argument.</summary>
    public static IReadOnlyDictionary<string, Native> All { get; } = new Dictionary<string, Native>
    {
        ["strip"] = Stripping(left: true, right: true),
        ["lstrip"] = Stripping(left: true, right: false),
        ["rstrip"] = Stripping(left: false, right: true),
        ["split"] = new(1, ["self", "sep", "maxsplit"], (run, a) => Split(run, a, fromEnd: false)),
        ["rsplit"] = new(1, ["self", "sep", "maxsplit"], (run, a) => Split(run, a, fromEnd: true)),
        ["splitlines"] = new(1, ["self", "keepends"], (run, a) => new ListValue(
            [.. TextParts.Lines(run, Self(a), a[1]?.IsTrue ?? false)])),
        ["partition"] = Partition(fromEnd: false),
        ["rpartition"] = Partition(fromEnd: true),
        ["startswith"] = Affix((text, affix) => text.StartsWith(affix, StringComparison.Ordinal)),
        ["endswith"] = Affix((text, affix) => text.EndsWith(affix, StringComparison.Ordinal)),
        ["removeprefix"] = new(2, ["self", "prefix"], (run, a) => Remove(run, a, atStart: true)),
        ["removesuffix"] = new(2, ["self", "suffix"], (run, a) => Remove(run, a, atStart: false)),
        ["replace"] = new(3, ["self", "old", "new", "count"], (run, a) => TextParts.Replace(
            run, Self(a), Need(run, a[1]), Need(run, a[2]), Count(run, a[3], -1))),
        ["find"] = Search(fromEnd: false, fails: false),
        ["rfind"] = Search(fromEnd: true, fails: false),
        ["index"] = Search(fromEnd: false, fails: true),
        ["rindex"] = Search(fromEnd: true, fails: true),
        ["count"] = new(2, ["self", "sub"], (run, a) => new IntegerValue(Occurrences(run, Self(a), Need(run, a[1])))),
        ["join"] = new(2, ["self", "iterable"], (run, a) => TextParts.Join(
            run, Self(a), Sequences.Items(run, a[1]!).Select(item => Need(run, item)))),
        ["upper"] = new(1, ["self"], (run, a) => TextCase.Upper(run, Self(a))),
        ["lower"] = new(1, ["self"], (run, a) => TextCase.Lower(run, Self(a))),
        ["casefold"] = new(1, ["self"], (run, a) => TextCase.Lower(run, Self(a))),
        ["title"] = new(1, ["self"], (run, a) => TextCase.Title(run, Self(a))),
        ["capitalize"] = new(1, ["self"], (run, a) => TextCase.Capitalize(run, Self(a))),
        ["swapcase"] = new(1, ["self"], (run, a) => TextCase.Swap(run, Self(a))),
        ["center"] = Padding('^'),
        ["ljust"] = Padding('<'),
        ["rjust"] = Padding('>'),
        ["zfill"] = new(2, ["self", "width"], (run, a) => TextParts.ZeroFill(run, Self(a), Count(run, a[1], 0))),
        ["format"] = new((run, a) => BraceFormat.Apply(run, (TextValue)a.Positional[0], a.Skip(1))),
        ["isdigit"] = Every(char.IsDigit),
        ["isdecimal"] = Every(char.IsDigit),
        ["isnumeric"] = Every(char.IsNumber),
        ["isalpha"] = Every(char.IsLetter),
        ["isalnum"] = Every(letter => char.IsLetter(letter) || char.IsNumber(letter)),
        ["isspace"] = Every(PythonText.IsSpace),
        ["isascii"] = new(1, ["self"], (_, a) => BoolValue.Of(Self(a).Text.All(char.IsAscii))),
        ["isupper"] = new(1, ["self"], (_, a) => BoolValue.Of(
            Self(a).Text.Any(char.IsUpper) && !Self(a).Text.Any(char.IsLower))),
        ["islower"] = new(1, ["self"], (_, a) => BoolValue.Of(
            Self(a).Text.Any(char.IsLower) && !Self(a).Text.Any(char.IsUpper))),
    };

    /// <summary>A value that must be a text.</summary>
    public static TextValue Need(Run run, Value? value) => value switch
    {
        TextValue text => text,
        UndefinedValue undefined => throw run.Fail(undefined.Problem),
        _ => throw run.Fail($"a text is needed, not a {value?.TypeName}."),
    };

    /// <summary>A count that may be left out.</summary>
    public static int Count(Run run, Value? value, int absent)
        => value is null ? absent
            : Numbers.Whole(value) is { } count ? (int)BigInteger.Clamp(count, int.MinValue, int.MaxValue)
            : throw run.Fail($"a whole number is needed, not a {value.TypeName}.");

    private static TextValue Self(Value?[] arguments) => (TextValue)arguments[0]!;

    private static Native Stripping(bool left, bool right) => new(1, ["self", "chars"], (run, a) => TextParts.Strip(
        run, Self(a), a[1] is null or NoneValue ? null : Need(run, a[1]), left, right));

    private static ListValue Split(Run run, Value?[] a, bool fromEnd)
    {
        TextValue? separator = a[1] is null or NoneValue ? null : Need(run, a[1]);
        int count = Count(run, a[2], -1);
        return new ListValue([.. TextParts.Split(run, Self(a), separator, count < 0 ? int.MaxValue : count, fromEnd)]);
    }

    private static Native Partition(bool fromEnd) => new(2, ["self", "sep"], (run, a) =>
    {
        TextValue separator = Need(run, a[1]);
        List<TextValue> parts = TextParts.Split(run, Self(a), separator, 1, fromEnd);
        return new ListValue(
            parts.Count == 2 ? [parts[0], separator, parts[1]]
                : fromEnd ? [TextValue.Empty, TextValue.Empty, Self(a)]
                : [Self(a), TextValue.Empty, TextValue.Empty],
            isTuple: true);
    });

    private static Native Affix(Func<string, string, bool> has)
        => new(2, ["self", "affix", "start", "end"], (run, a) =>
        {
            var text = (TextValue)Sequences.Slice(run, Self(a), Place(run, a[2]), Place(run, a[3]), null)!;
            return BoolValue.Of(a[1] is ListValue { IsTuple: true } several
                ? several.Items.Exists(one => has(text.Text, Need(run, one).Text))
                : has(text.Text, Need(run, a[1]).Text));
        });

    private static BigInteger? Place(Run run, Value? value)
        => value is null or NoneValue ? null : Count(run, value, 0);

    private static TextValue Remove(Run run, Value?[] a, bool atStart)
    {
        TextValue text = Self(a);
        string affix = Need(run, a[1]).Text;
        int left = text.Text.Length - affix.Length;
        return atStart
            ? text.Text.StartsWith(affix, StringComparison.Ordinal) ? text.Slice(run, affix.Length, left) : text
            : text.Text.EndsWith(affix, StringComparison.Ordinal) ? text.Slice(run, 0, left) : text;
    }

    private static Native Search(bool fromEnd, bool fails)
        => new(2, ["self", "sub", "start", "end"], (run, a) =>
        {
            int start = Count(run, a[2], 0);
            int from = start < 0 ? Math.Max(0, start + Self(a).Points) : Math.Min(start, Self(a).Points);
            var text = (TextValue)Sequences.Slice(run, Self(a), from, Place(run, a[3]), null)!;
            string part = Need(run, a[1]).Text;
            run.Characters(text.Text.Length);
            int found = fromEnd
                ? text.Text.LastIndexOf(part, StringComparison.Ordinal)
                : text.Text.IndexOf(part, StringComparison.Ordinal);

            if (found < 0)
            {
                return fails ? throw run.Fail("a text does not hold what is looked for.") : new IntegerValue(-1);
            }

            return new IntegerValue(from + TextValue.Template(text.Text[..found]).Points);
        });

    private static int Occurrences(Run run, TextValue text, TextValue part)
        => part.Text.Length == 0
            ? text.Points + 1
            : TextParts.Split(run, text, part, int.MaxValue, fromEnd: false).Count - 1;

    private static Native Padding(char align) => new(2, ["self", "width", "fillchar"], (run, a) =>
    {
        TextValue fill = a[2] is null ? TextValue.Template(" ") : Need(run, a[2]);
        return fill.Points == 1
            ? TextParts.Pad(run, Self(a), Count(run, a[1], 0), fill, align)
            : throw run.Fail("a text is filled up with a single letter.");
    });

    private static Native Every(Func<char, bool> holds) => new(
        1, ["self"], (_, a) => BoolValue.Of(Self(a).Text.Length > 0 && Self(a).Text.All(holds)));
}
