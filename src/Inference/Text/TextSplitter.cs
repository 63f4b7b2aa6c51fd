using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>Cuts a text into stretches of plain text and tokens that are written out in it.</summary>
internal sealed class TextSplitter
{
    // Files do not say it, but Phi-3 was trained without the white space behind its control tokens.
    private static readonly string[] KeepSpaceBehind = ["<unk>", "<s>", "<|endoftext|>"];

    private readonly TokenTexts _textTokens;
    private readonly TokenTexts _allTokens;
    private readonly HashSet<int> _swallowSpace = [];

    public TextSplitter(GgufMetadata metadata, Vocabulary vocabulary)
    {
        _textTokens = new TokenTexts(vocabulary, kind => kind == TokenKind.UserDefined);
        _allTokens = new TokenTexts(
            vocabulary, kind => kind is TokenKind.UserDefined or TokenKind.Control or TokenKind.Unknown);
        string name = metadata.Text("general.name") ?? "";

        if (name.Contains("phi-3", StringComparison.OrdinalIgnoreCase)
            || name.Contains("phi3", StringComparison.OrdinalIgnoreCase))
        {
            _swallowSpace = [.. Enumerable.Range(0, vocabulary.Count).Where(id =>
                vocabulary.Kinds[id] is TokenKind.Control or TokenKind.Unknown or TokenKind.UserDefined
                && !KeepSpaceBehind.Contains(vocabulary.Texts[id]))];
        }
    }

    /// <summary>
    /// The stretches of <paramref name="text"/>, which is all pieces in a row, in order; a token's stretch has its id.
    /// A control token counts only where every letter of it stands in pieces that allow it.
    /// </summary>
    public List<(int Start, int Length, int? Special)> Split(string text, IReadOnlyList<TextPiece> pieces)
    {
        var parts = new List<(int Start, int Length, int? Special)>();
        int piece = -1;
        int pieceEnd = 0;
        int trustedEnd = 0;
        int from = 0;

        for (int at = 0; at < text.Length;)
        {
            while (at >= pieceEnd)
            {
                piece++;
                pieceEnd += pieces[piece].Text.Length;
                trustedEnd = at < trustedEnd ? trustedEnd : TrustedEnd(pieces, piece, pieceEnd);
            }

            if (!TryMatch(text.AsSpan(at), trustedEnd - at, out int length, out int id))
            {
                at++;
                continue;
            }

            if (at > from)
            {
                parts.Add((from, at - from, null));
            }

            parts.Add((at, length, id));
            at += length;

            while (_swallowSpace.Contains(id) && at < text.Length && text[at] is ' ' or (>= '\t' and <= '\r'))
            {
                at++;
            }

            from = at;
        }

        if (from < text.Length)
        {
            parts.Add((from, text.Length - from, null));
        }

        return parts;
    }

    /// <summary>How far control tokens may reach from a piece on: its start when they may not.</summary>
    private static int TrustedEnd(IReadOnlyList<TextPiece> pieces, int piece, int pieceEnd)
    {
        if (!pieces[piece].ParseSpecial)
        {
            return pieceEnd - pieces[piece].Text.Length;
        }

        int end = pieceEnd;

        for (int next = piece + 1; next < pieces.Count && pieces[next].ParseSpecial; next++)
        {
            end += pieces[next].Text.Length;
        }

        return end;
    }

    private bool TryMatch(ReadOnlySpan<char> text, int trusted, out int length, out int id)
    {
        bool isText = _textTokens.TryLongest(text, out int textLength, out int textId);

        if (trusted > 0 && _allTokens.TryLongest(text[..trusted], out length, out id) && length >= textLength)
        {
            return true;
        }

        (length, id) = (textLength, textId);
        return isText;
    }
}
