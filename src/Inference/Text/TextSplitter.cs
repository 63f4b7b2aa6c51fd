using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>Cuts a text into stretches of plain text and tokens that are written out in it.</summary>
internal sealed class TextSplitter
{
    // Files do not say it, but Phi-3 was trained without the white space behind its control tokens.
    private static readonly string[] KeepSpaceBehind = ["<unk>", "<s>", "<|endoftext|>"];

    private readonly SpecialTokens _textTokens;
    private readonly SpecialTokens _allTokens;
    private readonly HashSet<int> _swallowSpace = [];

    public TextSplitter(GgufMetadata metadata, Vocabulary vocabulary)
    {
        _textTokens = SpecialTokens.Of(vocabulary, control: false);
        _allTokens = SpecialTokens.Of(vocabulary, control: true);
        string name = metadata.Text("general.name") ?? "";

        if (name.Contains("phi-3", StringComparison.OrdinalIgnoreCase)
            || name.Contains("phi3", StringComparison.OrdinalIgnoreCase))
        {
            _swallowSpace = [.. Enumerable.Range(0, vocabulary.Count).Where(id =>
                vocabulary.Kinds[id] is TokenKind.Control or TokenKind.Unknown or TokenKind.UserDefined
                && !KeepSpaceBehind.Contains(vocabulary.Texts[id]))];
        }
    }

    /// <summary>The stretches in order; a token's stretch has its id.</summary>
    public List<(int Start, int Length, int? Special)> Split(string text, bool parseSpecial)
    {
        SpecialTokens tokens = parseSpecial ? _allTokens : _textTokens;
        var parts = new List<(int Start, int Length, int? Special)>();
        int from = 0;

        while (tokens.TryFind(text, from, out int at, out int length, out int id))
        {
            if (at > from)
            {
                parts.Add((from, at - from, null));
            }

            parts.Add((at, length, id));
            from = at + length;

            while (_swallowSpace.Contains(id) && from < text.Length && text[from] is ' ' or (>= '\t' and <= '\r'))
            {
                from++;
            }
        }

        if (from < text.Length)
        {
            parts.Add((from, text.Length - from, null));
        }

        return parts;
    }
}
