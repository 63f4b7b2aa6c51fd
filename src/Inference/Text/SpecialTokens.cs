namespace Swarm.Inference.Text;

/// <summary>Tokens that may be written out in a text.</summary>
internal sealed class SpecialTokens
{
    private readonly (string Text, int Id)[] _sorted;
    private readonly HashSet<char> _first;

    private SpecialTokens(IEnumerable<(string Text, int Id)> tokens)
    {
        _sorted =
        [
            .. tokens.Where(token => token.Text.Length > 0).OrderBy(token => token.Text, StringComparer.Ordinal),
        ];
        _first = [.. _sorted.Select(token => token.Text[0])];
    }

    /// <summary>The tokens to look for: those that are text, with <paramref name="control"/> all.</summary>
    public static SpecialTokens Of(Vocabulary vocabulary, bool control)
        => new(Enumerable.Range(0, vocabulary.Count)
            .Where(id => vocabulary.Kinds[id] == TokenKind.UserDefined
                || (control && vocabulary.Kinds[id] is TokenKind.Control or TokenKind.Unknown))
            .Select(id => (vocabulary.Texts[id], id)));

    /// <summary>The longest token that <paramref name="text"/> begins with; false when there is none.</summary>
    public bool TryMatch(ReadOnlySpan<char> text, out int length, out int id)
    {
        length = 0;
        id = 0;
        int low = 0;
        int high = text.Length > 0 && _first.Contains(text[0]) ? _sorted.Length : 0;

        // Narrows the sorted tokens letter by letter; the last whole one met is the longest.
        for (int depth = 0; depth < text.Length; depth++)
        {
            low = FirstAtLeast(low, high, depth, text[depth]);
            high = FirstAtLeast(low, high, depth, text[depth] + 1);

            if (low == high)
            {
                break;
            }

            if (_sorted[low].Text.Length == depth + 1)
            {
                length = depth + 1;
                id = _sorted[low].Id;
            }
        }

        return length > 0;
    }

    private int FirstAtLeast(int low, int high, int depth, int letter)
    {
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            string text = _sorted[middle].Text;

            // Shorter texts sort first.
            if (text.Length <= depth || text[depth] < letter)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
