using System.Globalization;
using System.Numerics;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>How one value is laid out within a text: Python's format specification, for both its notations.</summary>
internal sealed record FormatSpec
{
    private const int SizeMax = 1_000;

    public TextValue Fill { get; init; } = TextValue.Template(" ");

    public char? Align { get; init; }

    public char Sign { get; init; } = '-';

    public bool HasPrefix { get; init; }

    public int Width { get; init; }

    public char? Group { get; init; }

    public int? Precision { get; init; }

    /// <summary>The letter that says what it becomes; null for «as it is».</summary>
    public char? Type { get; init; }

    /// <summary>Reads <c>[[fill]align][sign][#][0][width][group][.precision][type]</c>.</summary>
    public static FormatSpec Parse(Run run, TextValue source)
    {
        string text = source.Text;
        int at = 0;
        var spec = new FormatSpec();

        if (text.Length > 1 && text[1] is '<' or '>' or '^' or '=')
        {
            spec = spec with { Fill = source.Slice(run, 0, 1), Align = text[1] };
            at = 2;
        }
        else if (text.Length > 0 && text[0] is '<' or '>' or '^' or '=')
        {
            spec = spec with { Align = text[at++] };
        }

        char Letter() => at < text.Length ? text[at] : '\0';

        if (Letter() is '+' or '-' or ' ')
        {
            spec = spec with { Sign = text[at++] };
        }

        if (Letter() == '#')
        {
            spec = spec with { HasPrefix = true };
            at++;
        }

        if (Letter() == '0' && spec.Align is null)
        {
            spec = spec with { Fill = TextValue.Template("0"), Align = '=' };
        }

        spec = spec with { Width = Size(run, text, ref at) ?? 0 };

        if (Letter() is ',' or '_')
        {
            spec = spec with { Group = text[at++] };
        }

        if (Letter() == '.')
        {
            at++;
            spec = spec with { Precision = Size(run, text, ref at) ?? throw Unknown(run, text) };
        }

        if (at < text.Length)
        {
            spec = spec with { Type = text[at++] };
        }

        return at == text.Length ? spec : throw Unknown(run, text);
    }

    /// <summary>Reads a width or precision; null when there is none.</summary>
    public static int? Size(Run run, string text, ref int at)
    {
        int start = at;
        int size = 0;

        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            size = (size * 10) + (text[at++] - '0');

            if (size > SizeMax)
            {
                throw run.Fail($"a format asks for more than {SizeMax:N0} characters.");
            }
        }

        return at > start ? size : null;
    }

    /// <summary>The value, laid out.</summary>
    public TextValue Apply(Run run, Value value)
    {
        if (Type is null or 's' && (value is not (IntegerValue or FloatValue) || Type == 's'))
        {
            TextValue text = Printer.Text(run, value);
            int length = Precision < text.Points ? text.IndexOf(Precision.Value) : text.Text.Length;
            return Pad(run, text.Slice(run, 0, length), Align ?? '<');
        }

        if (Numbers.Whole(value) is { } whole && Type is null or 'd' or 'i' or 'n' or 'x' or 'X' or 'o' or 'b' or 'c')
        {
            return Laid(run, whole.Sign < 0, OfWhole(run, BigInteger.Abs(whole)));
        }

        if (Numbers.Real(value) is { } real && Type is null or 'f' or 'F' or 'e' or 'E' or 'g' or 'G' or '%' or 'n')
        {
            bool negative = real < 0 || (real == 0 && double.IsNegative(real));
            return Laid(run, negative, OfReal(Math.Abs(real)));
        }

        throw run.Fail($"a {value.TypeName} cannot be written with the format '{Type}'.");
    }

    private string OfWhole(Run run, BigInteger number)
    {
        switch (Type)
        {
            case 'x':
                return (HasPrefix ? "0x" : "") + Radix(number, 16);
            case 'X':
                return (HasPrefix ? "0X" : "") + Radix(number, 16).ToUpperInvariant();
            case 'o':
                return (HasPrefix ? "0o" : "") + Radix(number, 8);
            case 'b':
                return (HasPrefix ? "0b" : "") + Radix(number, 2);
            case 'c':
                return number <= 0x10FFFF && (number < 0xD800 || number > 0xDFFF)
                    ? char.ConvertFromUtf32((int)number)
                    : throw run.Fail("a number is no letter.");
            default:
                return Grouped(number.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static string Radix(BigInteger number, int radix)
    {
        string digits = number.IsZero ? "0" : "";

        for (; !number.IsZero; number /= radix)
        {
            digits = "0123456789abcdef"[(int)(number % radix)] + digits;
        }

        return digits;
    }

    private string OfReal(double number)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "nan" : "inf";
        }

        switch (Type)
        {
            case 'f' or 'F':
                return Grouped(Fixed(number, Precision ?? 6));
            case '%':
                return Grouped(Fixed(number * 100, Precision ?? 6)) + "%";
            case 'e' or 'E':
                return Exponent(number, Precision ?? 6, Type.Value);
            case null when Precision is null:
                return Grouped(Numbers.Text(number));
            default:
                return General(number, Math.Max(1, Precision ?? 6));
        }
    }

    private string General(double number, int digits)
    {
        string rounded = Exponent(number, digits - 1, 'e');
        int exponent = int.Parse(rounded.Split('e')[1], CultureInfo.InvariantCulture);
        bool isSmall = exponent >= -4 && exponent < digits;
        string text = isSmall ? Fixed(number, digits - 1 - exponent) : rounded.Split('e')[0];
        text = text.Contains('.') && !HasPrefix ? text.TrimEnd('0').TrimEnd('.') : text;
        return isSmall
            ? Grouped(Type is null && !text.Contains('.') ? text + ".0" : text)
            : text + (Type == 'G' ? "E" : "e") + rounded.Split('e')[1];
    }

    private static string Fixed(double number, int decimals)
        => number.ToString("F" + decimals, CultureInfo.InvariantCulture);

    private static string Exponent(double number, int decimals, char letter)
    {
        string[] parts = number.ToString("e" + decimals, CultureInfo.InvariantCulture).Split('e');
        int exponent = int.Parse(parts[1], CultureInfo.InvariantCulture);
        return $"{parts[0]}{letter}{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private string Grouped(string number)
    {
        int whole = number.AsSpan().IndexOfAny('.', 'e');
        whole = whole < 0 ? number.Length : whole;

        for (int at = whole - 3; Group is not null && at > 0; at -= 3)
        {
            number = number.Insert(at, Group.Value.ToString());
        }

        return number;
    }

    private TextValue Laid(Run run, bool negative, string number)
    {
        string sign = negative ? "-" : Sign == '-' ? "" : Sign.ToString();

        if (Align != '=')
        {
            return Pad(run, TextValue.Template(sign + number), Align ?? '>');
        }

        TextValue digits = (this with { Width = Math.Max(0, Width - sign.Length) })
            .Pad(run, TextValue.Template(number), '>');
        return Sequences.Concat(run, [TextValue.Template(sign), digits]);
    }

    private TextValue Pad(Run run, TextValue text, char align)
    {
        int missing = Width - text.Points;
        int left = align switch { '<' => 0, '^' => missing / 2, _ => missing };
        return missing <= 0 ? text : Sequences.Concat(
            run, [.. Enumerable.Repeat(Fill, left), text, .. Enumerable.Repeat(Fill, missing - left)]);
    }

    private static TemplateException Unknown(Run run, string text) => run.Fail($"the format '{text}' is not known.");
}
