using System.Globalization;
using System.Text;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>The time of the injected clock, as <c>strftime</c> writes it in the C locale.</summary>
internal static class ClockText
{
    /// <summary>The text with its places filled; an unknown place stays as it is.</summary>
    public static TextValue Format(Run run, TextValue pattern)
    {
        DateTimeOffset now = run.Now;
        var text = new StringBuilder();

        for (int at = 0; at < pattern.Text.Length; at++)
        {
            if (pattern.Text[at] != '%' || at + 1 == pattern.Text.Length)
            {
                _ = text.Append(pattern.Text[at]);
                continue;
            }

            at++;
            bool isBare = pattern.Text[at] == '-' && at + 1 < pattern.Text.Length;
            at += isBare ? 1 : 0;
            string part = Part(now, pattern.Text[at]) ?? "%" + (isBare ? "-" : "") + pattern.Text[at];
            _ = text.Append(isBare && part.Length > 1 ? part[..^1].TrimStart('0', ' ') + part[^1] : part);
        }

        run.Characters(text.Length);
        return pattern.HasUserText ? TextValue.User(text.ToString()) : TextValue.Template(text.ToString());
    }

    private static string? Part(DateTimeOffset now, char letter)
    {
        CultureInfo plain = CultureInfo.InvariantCulture;

        return letter switch
        {
            'a' => now.ToString("ddd", plain),
            'A' => now.ToString("dddd", plain),
            'b' or 'h' => now.ToString("MMM", plain),
            'B' => now.ToString("MMMM", plain),
            'c' => now.ToString("ddd MMM ", plain) + Spaced(now.Day) + now.ToString(" HH:mm:ss yyyy", plain),
            'C' => (now.Year / 100).ToString("00", plain),
            'd' => now.ToString("dd", plain),
            'D' or 'x' => now.ToString("MM/dd/yy", plain),
            'e' => Spaced(now.Day),
            'f' => now.ToString("ffffff", plain),
            'F' => now.ToString("yyyy-MM-dd", plain),
            'H' => now.ToString("HH", plain),
            'I' => now.ToString("hh", plain),
            'j' => now.DayOfYear.ToString("000", plain),
            'm' => now.ToString("MM", plain),
            'M' => now.ToString("mm", plain),
            'n' => "\n",
            'p' => now.ToString("tt", plain),
            'R' => now.ToString("HH:mm", plain),
            's' => now.ToUnixTimeSeconds().ToString(plain),
            'S' => now.ToString("ss", plain),
            't' => "\t",
            'T' or 'X' => now.ToString("HH:mm:ss", plain),
            'u' => (now.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)now.DayOfWeek).ToString(plain),
            'w' => ((int)now.DayOfWeek).ToString(plain),
            'U' => Week(now.DayOfYear + 6 - (int)now.DayOfWeek),
            'W' => Week(now.DayOfYear + 6 - (((int)now.DayOfWeek + 6) % 7)),
            'V' => ISOWeek.GetWeekOfYear(now.DateTime).ToString("00", plain),
            'G' => ISOWeek.GetYear(now.DateTime).ToString("0000", plain),
            'y' => now.ToString("yy", plain),
            'Y' => now.ToString("yyyy", plain),
            'z' or 'Z' => "",
            '%' => "%",
            _ => null,
        };
    }

    private static string Spaced(int number) => number.ToString(CultureInfo.InvariantCulture).PadLeft(2);

    private static string Week(int day) => (day / 7).ToString("00", CultureInfo.InvariantCulture);
}
