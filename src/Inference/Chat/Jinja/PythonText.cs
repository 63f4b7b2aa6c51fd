using System.Globalization;
using System.Text;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>What Python thinks of single letters.</summary>
internal static class PythonText
{
    /// <summary>Whether <c>strip</c> and <c>split</c> take it for white space.</summary>
    public static bool IsSpace(char letter) => char.IsWhiteSpace(letter) || letter is >= '\x1c' and <= '\x1f';

    /// <summary>Whether <c>splitlines</c> ends a line at it.</summary>
    public static bool IsLineEnd(char letter)
        => letter is (>= '\n' and <= '\r') or (>= '\x1c' and <= '\x1e') or '\x85' or '\u2028' or '\u2029';

    /// <summary>Whether <c>repr</c> writes it as it is.</summary>
    public static bool IsPrintable(Rune rune)
        => rune.Value == ' '
            || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.SpaceSeparator);

    /// <summary>Letter <paramref name="at"/> and how many chars it has; U+FFFD for half a surrogate pair.</summary>
    public static Rune RuneAt(ReadOnlySpan<char> text, int at, out int length)
    {
        _ = Rune.DecodeFromUtf16(text[at..], out Rune rune, out length);
        return rune;
    }
}
