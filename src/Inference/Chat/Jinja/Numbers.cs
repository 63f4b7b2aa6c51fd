using System.Globalization;
using System.Numerics;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>Numbers as Python reads and writes them.</summary>
internal static class Numbers
{
    // More digits than a number may have bits for are not even tried.
    private const int DigitsMax = JinjaLimits.IntegerBitsMax / 3;

    /// <summary>A value as a whole number, true and false included; null when it is none.</summary>
    public static BigInteger? Whole(Value value) => value switch
    {
        IntegerValue integer => integer.Number,
        BoolValue flag => flag.IsTrue ? BigInteger.One : BigInteger.Zero,
        _ => null,
    };

    /// <summary>A value as a number with a fraction; null when it is no number.</summary>
    public static double? Real(Value value)
        => value is FloatValue real ? real.Number : Whole(value) is { } whole ? (double)whole : null;

    /// <summary>A whole number in a base, 0 for «as its prefix says»; null when the text is none.</summary>
    public static BigInteger? ParseInteger(string text, int numberBase)
    {
        string digits = text.Trim();
        bool negative = digits.StartsWith('-');
        digits = digits.Length > 0 && digits[0] is '-' or '+' ? digits[1..] : digits;
        int named = digits.Length > 1 && digits[0] == '0'
            ? char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 }
            : 0;

        if (named != 0 && (numberBase == 0 || numberBase == named))
        {
            digits = digits[2..].TrimStart('_');
            numberBase = named;
        }

        numberBase = numberBase == 0 ? 10 : numberBase;
        string bare = digits.Replace("_", "", StringComparison.Ordinal);
        bool grouped = bare.Length == digits.Length
            || !(digits[0] == '_' || digits[^1] == '_' || digits.Contains("__", StringComparison.Ordinal));

        if (bare.Length is 0 or > DigitsMax || !grouped)
        {
            return null;
        }

        BigInteger number = 0;

        foreach (char letter in bare)
        {
            int digit = char.IsAsciiHexDigit(letter) ? Convert.ToInt32(letter.ToString(), 16)
                : char.IsAsciiLetter(letter) ? char.ToLowerInvariant(letter) - 'a' + 10
                : int.MaxValue;

            if (digit >= numberBase)
            {
                return null;
            }

            number = (number * numberBase) + digit;
        }

        return negative ? -number : number;
    }

    /// <summary>A number with a fraction; null when the text is none.</summary>
    public static double? ParseFloat(string text)
    {
        string bare = text.Trim().Replace("_", "", StringComparison.Ordinal);
        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint
            | NumberStyles.AllowExponent;

        return bare.TrimStart('+', '-').ToLowerInvariant() switch
        {
            "inf" or "infinity" => bare.StartsWith('-') ? double.NegativeInfinity : double.PositiveInfinity,
            "nan" => double.NaN,
            _ when bare.Length > 0 && (char.IsAsciiDigit(bare[^1]) || bare[^1] == '.')
                && double.TryParse(bare, Style, CultureInfo.InvariantCulture, out double number) => number,
            _ => null,
        };
    }

    /// <summary>The shortest text that gives the same number again, in Python's form.</summary>
    public static string Text(double number)
    {
        if (!double.IsFinite(number))
        {
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        }

        string shortest = number.ToString("R", CultureInfo.InvariantCulture);
        string sign = shortest.StartsWith('-') ? "-" : "";
        string digits = Digits(shortest);
        int exponent = ExponentOf(shortest);

        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            string size = Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{size}";
        }

        if (exponent < 0)
        {
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        }

        string padded = digits.PadRight(exponent + 2, '0');
        return $"{sign}{padded[..(exponent + 1)]}.{padded[(exponent + 1)..]}";
    }

    /// <summary>Rounds to a number of decimals, halves of the exact value to even.</summary>
    public static double Round(double number, int decimals)
    {
        if (!double.IsFinite(number) || decimals > 300)
        {
            return number;
        }

        // The exact decimal expansion decides, as in Python; 1,100 digits hold every double.
        if (decimals >= 0)
        {
            return double.Parse(
                number.ToString("F" + decimals, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        }

        double unit = Math.Pow(10, Math.Min(-decimals, 308));
        return Math.Round(number / unit, MidpointRounding.ToEven) * unit;
    }

    /// <summary>The significant digits, without zeros at either end; "0" for zero.</summary>
    private static string Digits(string shortest)
    {
        string mantissa = shortest.Split('E')[0].TrimStart('-');
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal).Trim('0');
        return digits.Length == 0 ? "0" : digits;
    }

    /// <summary>The power of ten of the first significant digit.</summary>
    private static int ExponentOf(string shortest)
    {
        string[] parts = shortest.TrimStart('-').Split('E');
        int exponent = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
        int point = parts[0].IndexOf('.', StringComparison.Ordinal);
        string whole = point < 0 ? parts[0] : parts[0][..point];
        int first = parts[0].AsSpan().IndexOfAnyInRange('1', '9');

        if (first < 0)
        {
            return 0;
        }

        return exponent + (first < whole.Length ? whole.Length - 1 - first : -(first - whole.Length));
    }
}
