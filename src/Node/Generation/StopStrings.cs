using System.Text;

namespace Swarm.Node.Generation;

/// <summary>Lets text through until a stop string appears; what may become one is held back until it cannot.</summary>
public sealed class StopStrings(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();

    /// <summary>Whether a stop string was seen; nothing comes out any more.</summary>
    public bool Reached { get; private set; }

    /// <summary>Takes the next piece of text; the result is what may be shown now.</summary>
    public string Push(string text)
    {
        if (Reached)
        {
            return "";
        }

        _ = _held.Append(text);
        string all = _held.ToString();
        int end = FirstStop(all);

        if (end >= 0)
        {
            Reached = true;
            _ = _held.Clear();
            return all[..end];
        }

        int keep = LongestBeginning(all);
        _ = _held.Clear().Append(all, all.Length - keep, keep);
        return all[..^keep];
    }

    /// <summary>The text ended otherwise: what was held back is text after all.</summary>
    public string Flush()
    {
        string rest = _held.ToString();
        _ = _held.Clear();
        return rest;
    }

    private int FirstStop(string text)
    {
        int first = -1;

        foreach (string stop in stops)
        {
            int at = text.IndexOf(stop, StringComparison.Ordinal);
            first = at >= 0 && (first < 0 || at < first) ? at : first;
        }

        return first;
    }

    // How many letters at the end may be the beginning of a stop string.
    private int LongestBeginning(string text)
    {
        int longest = 0;

        foreach (string stop in stops)
        {
            for (int length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan()[^length..].SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                }
            }
        }

        return longest;
    }
}
