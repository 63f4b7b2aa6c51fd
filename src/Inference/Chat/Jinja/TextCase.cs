using System.Globalization;
using System.Text;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>Capital and small letters.</summary>
internal static class TextCase
{
    public static TextValue Upper(Run run, TextValue text) => Map(run, text, (_, rune) => UpperOf(rune));

    public static TextValue Lower(Run run, TextValue text)
        => Map(run, text, (_, rune) => Rune.ToLowerInvariant(rune).ToString());

    public static TextValue Swap(Run run, TextValue text) => Map(
        run, text, (_, rune) => Rune.IsUpper(rune) ? Rune.ToLowerInvariant(rune).ToString() : UpperOf(rune));

    /// <summary>The first letter capital, the others small.</summary>
    public static TextValue Capitalize(Run run, TextValue text) => Map(
        run, text, (before, rune) => before is null ? TitleOf(rune) : Rune.ToLowerInvariant(rune).ToString());

    /// <summary>Every letter behind none capital, the others small.</summary>
    public static TextValue Title(Run run, TextValue text) => Map(
        run,
        text,
        (before, rune) => before is { } other && IsCased(other)
            ? Rune.ToLowerInvariant(rune).ToString()
            : TitleOf(rune));

    /// <summary>Every letter behind a space, hyphen or opening bracket capital, the others small.</summary>
    public static TextValue TitleOfWords(Run run, TextValue text) => Map(
        run,
        text,
        (before, rune) => before is not { } other || IsWordBegin(other)
            ? UpperOf(rune)
            : Rune.ToLowerInvariant(rune).ToString());

    private static bool IsWordBegin(Rune rune)
        => rune.IsBmp && ((char)rune.Value is '-' or '(' or '{' or '[' or '<' || PythonText.IsSpace((char)rune.Value));

    private static bool IsCased(Rune rune)
        => Rune.IsUpper(rune) || Rune.IsLower(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter;

    // The library maps letter by letter; these become two.
    private static string UpperOf(Rune rune) => rune.Value switch
    {
        'ß' => "SS",
        'ŉ' => "ʼN",
        'ﬀ' => "FF",
        'ﬁ' => "FI",
        'ﬂ' => "FL",
        'ﬃ' => "FFI",
        'ﬄ' => "FFL",
        'ﬅ' or 'ﬆ' => "ST",
        _ => Rune.ToUpperInvariant(rune).ToString(),
    };

    private static string TitleOf(Rune rune)
    {
        string upper = UpperOf(rune);
        return upper.Length > 1 && rune.IsBmp ? upper[0] + upper[1..].ToLowerInvariant() : upper;
    }

    private static TextValue Map(Run run, TextValue text, Func<Rune?, Rune, string> map)
    {
        var output = new TextBuilder(run);
        Rune? before = null;

        foreach ((int start, int length, bool isUser) in text.Stretches(0, text.Text.Length))
        {
            for (int at = start; at < start + length;)
            {
                Rune rune = PythonText.RuneAt(text.Text.AsSpan(0, start + length), at, out int count);
                output.Append(map(before, rune), isUser);
                before = rune;
                at += count;
            }
        }

        return output.Take();
    }
}
