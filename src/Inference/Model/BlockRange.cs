using System.Globalization;

namespace Swarm.Inference.Model;

/// <summary>Consecutive blocks of a model, half open: <c>[First, Last)</c>.</summary>
/// <param name="First">The first block of the range.</param>
/// <param name="Last">The first block after the range.</param>
public readonly record struct BlockRange(int First, int Last) : IComparable<BlockRange>
{
    /// <summary>How many blocks the range has; never negative.</summary>
    public int Count => Math.Max(0, Last - First);

    /// <summary>Whether the range holds no block.</summary>
    public bool IsEmpty => Last <= First;

    /// <summary>Whether <paramref name="block"/> lies in the range.</summary>
    public bool Contains(int block) => block >= First && block < Last;

    /// <summary>Whether every block of <paramref name="other"/> lies in the range.</summary>
    public bool Contains(BlockRange other) => other.First >= First && other.Last <= Last;

    /// <summary>The blocks both ranges hold; empty when they do not meet.</summary>
    public BlockRange Intersect(BlockRange other)
    {
        int first = Math.Max(First, other.First);
        return new BlockRange(first, Math.Max(first, Math.Min(Last, other.Last)));
    }

    /// <summary>Orders by the first block, then by the last.</summary>
    public int CompareTo(BlockRange other)
        => First != other.First ? First.CompareTo(other.First) : Last.CompareTo(other.Last);

    /// <summary>Reads <c>first:last</c>, as <see cref="ToString"/> writes it.</summary>
    /// <exception cref="FormatException">The text is no range of blocks.</exception>
    public static BlockRange Parse(string text)
        => TryParse(text, out BlockRange range)
            ? range
            : throw new FormatException($"'{text}' is no block range: write FIRST:LAST; 0:6 is blocks 0 to 5.");

    /// <summary>Reads <c>first:last</c>; false when the text is something else or the range is empty.</summary>
    public static bool TryParse(string? text, out BlockRange range)
    {
        range = default;
        string[] parts = (text ?? "").Split(':');

        if (parts.Length != 2
            || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int last)
            || last <= first)
        {
            return false;
        }

        range = new BlockRange(first, last);
        return true;
    }

    /// <summary>The range as <c>first:last</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First}:{Last}");

    /// <summary>Whether <paramref name="left"/> comes before <paramref name="right"/>.</summary>
    public static bool operator <(BlockRange left, BlockRange right) => left.CompareTo(right) < 0;

    /// <summary>Whether <paramref name="left"/> comes after <paramref name="right"/>.</summary>
    public static bool operator >(BlockRange left, BlockRange right) => left.CompareTo(right) > 0;

    /// <summary>Whether <paramref name="left"/> does not come after <paramref name="right"/>.</summary>
    public static bool operator <=(BlockRange left, BlockRange right) => left.CompareTo(right) <= 0;

    /// <summary>Whether <paramref name="left"/> does not come before <paramref name="right"/>.</summary>
    public static bool operator >=(BlockRange left, BlockRange right) => left.CompareTo(right) >= 0;
}
