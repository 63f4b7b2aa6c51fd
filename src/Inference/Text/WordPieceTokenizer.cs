using System.Globalization;
using System.Text;
using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>
/// WordPiece (<c>bert</c>): words in small letters without accents, signs and Han letters each a word of their own; a
/// word is cut into the longest tokens from its start, the first of them marked ▁.
/// </summary>
internal sealed class WordPieceTokenizer : VocabularyTokenizer
{
    private readonly TokenTexts _pieces;

    public WordPieceTokenizer(GgufMetadata metadata)
        : base(metadata, "WordPiece", addBos: true, addEos: false, addSeparator: true)
        => _pieces = new TokenTexts(Vocabulary, kind => kind is not (TokenKind.Control or TokenKind.Unknown));

    protected override Encoder CreateEncoder(List<int> output) => new Words(this, output);

    protected override byte[] Decode(string text, TokenKind kind) => SpaceMark.Decode(text, kind);

    private static bool IsDropped(Rune rune, UnicodeCategory category)
        => rune.Value is 0 or 0xFFFD
            || category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse
                or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.EnclosingMark;

    private static bool StandsAlone(Rune rune, UnicodeCategory category)
        => category is >= UnicodeCategory.ConnectorPunctuation and <= UnicodeCategory.OtherPunctuation
            || (rune.Value < 0x7F && category is >= UnicodeCategory.MathSymbol and <= UnicodeCategory.OtherSymbol)
            || IsHan(rune.Value);

    private static bool IsHan(int value)
        => value is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF)
            or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF)
            or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    private sealed class Words(WordPieceTokenizer tokenizer, List<int> output) : Encoder
    {
        private readonly StringBuilder _word = new();

        public override void Encode(string text, bool isBehindSpecial)
        {
            foreach (Rune letter in text.EnumerateRunes())
            {
                var rune = new Rune(CanonicalBases.Of(letter.Value));
                UnicodeCategory category = Rune.GetUnicodeCategory(rune);

                if (Rune.IsWhiteSpace(rune))
                {
                    EndWord();
                }
                else if (!IsDropped(rune, category))
                {
                    bool isWord = StandsAlone(rune, category);
                    EndWord(isWord);
                    _ = _word.Append(Rune.ToLowerInvariant(rune).ToString());
                    EndWord(isWord);
                }
            }

            EndWord();
        }

        private void EndWord(bool ends = true)
        {
            if (!ends || _word.Length == 0)
            {
                return;
            }

            string word = SpaceMark.Letter + _word.ToString();
            int before = output.Count;
            int at = 0;

            while (at < word.Length && tokenizer._pieces.TryLongest(word.AsSpan(at), out int length, out int id))
            {
                output.Add(id);
                at += length;
            }

            if (at < word.Length)
            {
                output.RemoveRange(before, output.Count - before);
                output.Add(tokenizer.Vocabulary.Unknown ?? 0);
            }

            _ = _word.Clear();
        }
    }
}
