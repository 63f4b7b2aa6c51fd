using System.Globalization;

namespace Swarm.Node;

/// <summary>Amounts of memory as people write and read them.</summary>
internal static class ByteSize
{
    // K, M, G alone mean what memory is sold in: powers of 1024.
    private static readonly (string Suffix, long Bytes)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40), ("B", 1),
    ];

    /// <summary>Reads <c>4GiB</c>, <c>512M</c>, <c>1.5 GB</c> or a plain number of bytes.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        ReadOnlySpan<char> number = text.AsSpan().Trim();
        long unit = 1;

        foreach ((string suffix, long unitBytes) in Units)
        {
            if (number.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                unit = unitBytes;
                number = number[..^suffix.Length].TrimEnd();
                break;
            }
        }

        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value)
            || value <= 0
            || value > long.MaxValue / unit)
        {
            return false;
        }

        bytes = (long)(value * unit);
        return bytes > 0;
    }

    /// <summary>The amount in the largest unit that leaves a number of one to four digits.</summary>
    public static string Format(long bytes)
    {
        foreach ((string suffix, long unit) in Units.Take(4).Reverse())
        {
            if (bytes >= unit)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{(double)bytes / unit:0.#} {suffix}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{bytes} B");
    }
}
