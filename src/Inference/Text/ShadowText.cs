using System.Globalization;
using System.Text;

namespace Swarm.Inference.Text;

/// <summary>
/// A text in which every code point is one char, so that regular expressions count letters and not surrogates: what
/// lies above U+FFFF is replaced by a char of the same general category that no pattern names.
/// </summary>
internal sealed class ShadowText
{
    // One stand-in per general category, in the order of UnicodeCategory; none lies in a range that a pattern names.
    private const string StandIns
        = "\uA790\uA791\u01C5\uA60C\uA62A\uA66F\uA823\uA670\uA620\uA6E6\uA830\u2000\u2028\u2029\u0080\uFEFF\uD800\uE000"
        + "\uFE4D\uFE58\uFE59\uFE5A\u2E02\u2E03\uA60D\uFE62\uA838\uA700\uA490\uFFFF";

    private const char Han = '\uF900';

    // Some scripts with two cases count among the letters where mathematical letters do not.
    private const char UpperOfScript = '\uA640';
    private const char LowerOfScript = '\uA641';

    private readonly int[]? _starts;

    public ShadowText(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            Letters = text;
            Length = text.Length;
            return;
        }

        char[] letters = new char[text.Length];
        _starts = new int[text.Length + 1];
        int at = 0;

        foreach (Rune rune in text.EnumerateRunes())
        {
            letters[Length] = StandIn(rune);
            _starts[Length++] = at;
            at += rune.Utf16SequenceLength;
        }

        _starts[Length] = at;
        Letters = new string(letters, 0, Length);
    }

    /// <summary>The text that patterns see.</summary>
    public string Letters { get; }

    /// <summary>How many code points there are.</summary>
    public int Length { get; }

    /// <summary>Where code point <paramref name="index"/> starts in the text itself.</summary>
    public int Start(int index) => _starts is null ? index : _starts[index];

    /// <summary>The char that stands for a code point.</summary>
    internal static char StandIn(Rune rune)
    {
        if (rune.IsBmp)
        {
            return (char)rune.Value;
        }

        UnicodeCategory category = Rune.GetUnicodeCategory(rune);
        bool han = category == UnicodeCategory.OtherLetter
            && rune.Value is (>= 0x20000 and <= 0x2FA1F) or (>= 0x30000 and <= 0x3347F);
        bool script = rune.Value
            is (>= 0x10400 and <= 0x1044F) or (>= 0x104B0 and <= 0x104FB) or (>= 0x10C80 and <= 0x10CF2)
            or (>= 0x118A0 and <= 0x118DF) or (>= 0x1E900 and <= 0x1E943);

        return category switch
        {
            _ when han => Han,
            UnicodeCategory.UppercaseLetter when script => UpperOfScript,
            UnicodeCategory.LowercaseLetter when script => LowerOfScript,
            _ => StandIns[(int)category],
        };
    }
}
