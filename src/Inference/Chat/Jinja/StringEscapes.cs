using System.Globalization;
using System.Text;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>The escapes of a text in quotes, as Python reads them; an unknown one stands for itself.</summary>
internal static class StringEscapes
{
    /// <summary>The text that is meant; null when an escape names no character.</summary>
    public static string? Read(ReadOnlySpan<char> source)
    {
        if (!source.Contains('\\'))
        {
            return source.ToString();
        }

        var text = new StringBuilder(source.Length);

        for (int at = 0; at < source.Length;)
        {
            if (source[at] != '\\' || at + 1 == source.Length)
            {
                _ = text.Append(source[at++]);
                continue;
            }

            int digits = source[at + 1] switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };

            if (digits > 0)
            {
                if (!TryHex(source[(at + 2)..], digits, text))
                {
                    return null;
                }

                at += 2 + digits;
            }
            else if (source[at + 1] is >= '0' and <= '7')
            {
                at = ReadOctal(source, at + 1, text);
            }
            else
            {
                _ = Simple(source[at + 1]) is { } meant ? text.Append(meant) : text.Append('\\').Append(source[at + 1]);
                at += 2;
            }
        }

        return text.ToString();
    }

    private static string? Simple(char letter) => letter switch
    {
        '\n' => "",
        '\\' => "\\",
        '\'' => "'",
        '"' => "\"",
        'a' => "\a",
        'b' => "\b",
        'f' => "\f",
        'n' => "\n",
        'r' => "\r",
        't' => "\t",
        'v' => "\v",
        _ => null,
    };

    private static bool TryHex(ReadOnlySpan<char> source, int digits, StringBuilder text)
    {
        if (source.Length < digits
            || !uint.TryParse(
                source[..digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code)
            || code > 0x10FFFF)
        {
            return false;
        }

        _ = code <= char.MaxValue ? text.Append((char)code) : text.Append(new Rune(code).ToString());
        return true;
    }

    private static int ReadOctal(ReadOnlySpan<char> source, int at, StringBuilder text)
    {
        int code = 0;

        for (int end = Math.Min(source.Length, at + 3); at < end && source[at] is >= '0' and <= '7'; at++)
        {
            code = (code * 8) + (source[at] - '0');
        }

        _ = text.Append((char)code);
        return at;
    }
}
