using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Inference.Text;

namespace Swarm.Inference.Tests.Text;

/// <summary>Tokenizers that choose whole pieces: WordPiece and unigram.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class PieceTokenizerTests
{
    [TestCase("The thenn!", "▁the ▁then n ▁!")]
    [TestCase(" T\u0301he\tthing ", "▁the ▁t h ing")]
    [TestCase("it's", "[UNK] [UNK] [UNK]")]
    [TestCase("the你then", "▁the ▁你 ▁then")]
    [TestCase("É.", "▁e ▁.")]
    [TestCase("\uD55C\uAE00", "▁ᄒ ᄀ")]
    [TestCase("\0\uFFFD\uE000", "")]
    [TestCase("[SEP]", "[UNK] [UNK] [UNK]")]
    public void Words_are_cut_into_the_longest_pieces(string text, string expected)
    {
        string[] names =
        [
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁the", "▁then", "n", "▁e", "ing", "▁!", "▁.", "▁你", "▁t", "h", "e",
            "▁ᄒ", "ᄀ",
        ];
        int[] ids = Vocabularies.WordPiece.Encode(text, true, false);

        Assert.That((ids[0], ids[^1]), Is.EqualTo((2, 3)), "a text stands between its two marks");
        Assert.That(string.Join(' ', ids[1..^1].Select(id => names[id])), Is.EqualTo(expected));
    }

    [Test]
    public void A_unigram_model_finds_the_best_way()
    {
        string[] pieces = ["a", "b", "ab", "ba", "aba", "bb", "▁", "😀"];
        Gen<(string Text, float[] Scores)> cases =
            from text in Gen.Elements("a", "b", "ab", "x", "😀", " ").ListOf()
            from scores in Gen.Choose(-80, 0).ListOf(pieces.Length)
            where text.Count <= 10
            select (string.Concat(text), scores.Select(score => score / 8f).ToArray());

        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            ITokenizer tokenizer = Tokenizer.Create(Vocabularies.UnigramMetadata(pieces, one.Scores));
            string text = one.Text.Replace(' ', '▁');
            double unknown = one.Scores.Append(0).Min() - 10;
            int[] ids = tokenizer.Encode(one.Text, false, false);

            // Unknown letters in a row are one token, so the score is that of the letters it stands for.
            double score = ids.Where(id => id != 2).Sum(id => (double)one.Scores[id - 3])
                + (text.Count(letter => letter == 'x') * unknown);
            return Math.Abs(score - Best(text, pieces, one.Scores, unknown)) < 1e-4;
        }).QuickCheckThrowOnFailure();
    }

    [TestCase(false, false, " a  b ", "▁ a ▁ ▁ b ▁")]
    [TestCase(true, false, "a  b", "▁ a ▁ ▁ b")]
    [TestCase(false, true, "  a   b ", "▁ a ▁ b")]
    [TestCase(false, false, "axyza", "a <unk> a")]
    public void Spaces_are_written_as_the_file_says(bool prefix, bool merge, string text, string expected)
    {
        string[] pieces = ["a", "b", "▁"];
        string[] names = ["<pad>", "</s>", "<unk>", .. pieces];
        ITokenizer tokenizer = Tokenizer.Create(Vocabularies.UnigramMetadata(pieces, [-1, -1, -1], writer =>
        {
            writer.Add("tokenizer.ggml.add_space_prefix", prefix);
            writer.Add("tokenizer.ggml.remove_extra_whitespaces", merge);
        }));
        int[] ids = tokenizer.Encode(text, true, false);

        Assert.That(ids[^1], Is.EqualTo(1), "a text ends with its mark");
        Assert.That(string.Join(' ', ids[..^1].Select(id => names[id])), Is.EqualTo(expected));
    }

    [TestCase("ﬁx", "fix")]
    [TestCase("ｆ ＡＡ", "ｆ aA")]
    [TestCase("ＡＡＡ", "aAA")]
    [TestCase("\u00AD\u00ADx", "x")]
    [TestCase("ＡＢ", "AＢ")]
    public void A_precompiled_map_replaces_the_longest_beginning(string text, string expected)
    {
        byte[] map = CharsMapBytes.Of([("ﬁ", "fi"), ("Ａ", "A"), ("ＡＡ", "aA"), ("\u00AD", "")]);
        string[] pieces = [.. "fixaAｆＢ ".Select(letter => letter.ToString().Replace(' ', '▁'))];
        ITokenizer tokenizer = Tokenizer.Create(Vocabularies.UnigramMetadata(
            pieces,
            [.. pieces.Select(_ => -1f)],
            writer => writer.Add(
                "tokenizer.ggml.precompiled_charsmap", new GgufValue("", GgufValueType.I8, map.Length, map, null))));
        var stream = new TextStream(tokenizer);

        Assert.That(
            string.Concat(tokenizer.Encode(text, false, false).Select(stream.Push)) + stream.Flush(),
            Is.EqualTo(expected));
    }

    /// <summary>The best sum of scores, by trying every way.</summary>
    private static double Best(string text, string[] pieces, float[] scores, double unknown)
    {
        if (text.Length == 0)
        {
            return 0;
        }

        int letter = char.IsSurrogate(text[0]) ? 2 : 1;
        double best = pieces.Contains(text[..letter]) ? double.NegativeInfinity
            : unknown + Best(text[letter..], pieces, scores, unknown);

        foreach ((string piece, float score) in pieces.Zip(scores))
        {
            if (text.StartsWith(piece, StringComparison.Ordinal))
            {
                best = Math.Max(best, score + Best(text[piece.Length..], pieces, scores, unknown));
            }
        }

        return best;
    }
}
