namespace Swarm.Inference.Text;

/// <summary>The texts of some tokens, to find those that a text begins with.</summary>
internal sealed class TokenTexts
{
    private readonly (string Text, int Id)[] _sorted;
    private readonly HashSet<char> _first;

    /// <summary>Those of the tokens that <paramref name="belongs"/> picks; of equal texts the last one's.</summary>
    public TokenTexts(Vocabulary vocabulary, Func<TokenKind, bool> belongs)
    {
        _sorted =
        [
            .. vocabulary.IdsOf(belongs).Where(token => token.Key.Length > 0)
                .Select(token => (token.Key, token.Value))
                .OrderBy(token => token.Key, StringComparer.Ordinal),
        ];
        _first = [.. _sorted.Select(token => token.Text[0])];
    }

    /// <summary>The longest token that <paramref name="text"/> begins with; false when there is none.</summary>
    public bool TryLongest(ReadOnlySpan<char> text, out int length, out int id)
    {
        var search = new Search(this, text);
        length = 0;
        id = 0;

        while (search.TryNext(out int found, out int foundId))
        {
            (length, id) = (found, foundId);
        }

        return length > 0;
    }

    /// <summary>All tokens that <paramref name="text"/> begins with, the shortest first.</summary>
    public Search All(ReadOnlySpan<char> text) => new(this, text);

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

    /// <summary>Narrows the sorted tokens letter by letter.</summary>
    public ref struct Search(TokenTexts tokens, ReadOnlySpan<char> text)
    {
        private readonly ReadOnlySpan<char> _text = text;
        private int _low;
        private int _high = text.Length > 0 && tokens._first.Contains(text[0]) ? tokens._sorted.Length : 0;
        private int _depth;

        /// <summary>The next longer token; false when there is none.</summary>
        public bool TryNext(out int length, out int id)
        {
            while (_depth < _text.Length && _low < _high)
            {
                _low = tokens.FirstAtLeast(_low, _high, _depth, _text[_depth]);
                _high = tokens.FirstAtLeast(_low, _high, _depth, _text[_depth] + 1);
                _depth++;

                if (_low < _high && tokens._sorted[_low].Text.Length == _depth)
                {
                    (length, id) = (_depth, tokens._sorted[_low].Id);
                    return true;
                }
            }

            (length, id) = (0, 0);
            return false;
        }
    }
}
