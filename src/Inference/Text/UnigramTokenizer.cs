using System.Text;
using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>
/// SentencePiece's unigram model (<c>t5</c>): the text is normalised, then cut so that the scores of its tokens sum up
/// to the most (Viterbi). What has no token is unknown.
/// </summary>
internal sealed class UnigramTokenizer : VocabularyTokenizer
{
    private const string ScoresKey = "tokenizer.ggml.scores";

    // How much worse than the worst token an unknown letter is.
    private const double UnknownPenalty = 10;

    private readonly TokenTexts _pieces;
    private readonly float[] _scores;
    private readonly double _unknownScore;
    private readonly PrecompiledMap? _map;
    private readonly bool _addSpacePrefix;
    private readonly bool _mergeSpaces;

    public UnigramTokenizer(GgufMetadata metadata)
        : base(metadata, "SentencePiece unigram", addBos: false, addEos: true)
    {
        _pieces = new TokenTexts(
            Vocabulary, kind => kind is TokenKind.Normal or TokenKind.UserDefined or TokenKind.Unused);
        _scores = ReadScores(metadata);
        _unknownScore = _scores.Min() - UnknownPenalty;
        _map = PrecompiledMap.Of(metadata);
        _addSpacePrefix = metadata.Flag("tokenizer.ggml.add_space_prefix") ?? false;
        _mergeSpaces = metadata.Flag("tokenizer.ggml.remove_extra_whitespaces") ?? false;
    }

    protected override Encoder CreateEncoder(List<int> output) => new Stretches(this, output);

    protected override byte[] Decode(string text, TokenKind kind) => SpaceMark.Decode(text, kind);

    private float[] ReadScores(GgufMetadata metadata)
    {
        GgufValue scores = Vocabulary.PerToken(metadata, "scores")
            ?? throw new GgufException(ScoresKey, "the file does not hold this key; convert it again.");
        float[] read = new float[Count];

        for (int id = 0; id < read.Length; id++)
        {
            // Pieces that people added are as good as certain.
            read[id] = Vocabulary.Kinds[id] == TokenKind.UserDefined ? 0 : (float)scores.Number(id);

            if (!float.IsFinite(read[id]))
            {
                throw new GgufException(ScoresKey, $"the score of token {id} is no finite number; convert it again.");
            }
        }

        return read;
    }

    private sealed class Stretches(UnigramTokenizer tokenizer, List<int> output) : Encoder
    {
        public override void Encode(string text, bool isBehindSpecial) => Cut(Normalize(text));

        /// <summary>Spaces are written ▁; where the file says so, each word has one before it.</summary>
        private string Normalize(string text)
        {
            string mapped = tokenizer._map is null ? text : tokenizer._map.Apply(text);
            var normal = new StringBuilder(mapped.Length + 1);
            bool isInWord = false;

            foreach (char letter in mapped)
            {
                if (letter != ' ')
                {
                    if (!isInWord && (tokenizer._mergeSpaces || (tokenizer._addSpacePrefix && normal.Length == 0)))
                    {
                        _ = normal.Append(SpaceMark.Letter);
                    }

                    _ = normal.Append(letter);
                }
                else if (!tokenizer._mergeSpaces)
                {
                    _ = normal.Append(SpaceMark.Letter);
                }

                isInWord = letter != ' ';
            }

            return normal.ToString();
        }

        private void Cut(string text)
        {
            // The best way to reach each place: the token that ends there and where it begins.
            var best = new (double Score, int Start, int Id)[text.Length + 1];
            Array.Fill(best, (double.NegativeInfinity, 0, 0));
            best[0].Score = 0;
            const int Unknown = -1;

            for (int at = 0; at < text.Length;)
            {
                int letter = char.IsSurrogatePair(text, at) ? 2 : 1;
                bool hasLetter = false;
                TokenTexts.Search search = tokenizer._pieces.All(text.AsSpan(at));

                while (search.TryNext(out int length, out int id))
                {
                    hasLetter |= length == letter;
                    Consider(at, length, id, tokenizer._scores[id]);
                }

                if (!hasLetter)
                {
                    Consider(at, letter, Unknown, tokenizer._unknownScore);
                }

                at += letter;
            }

            int first = output.Count;
            bool wasUnknown = false;

            for (int end = text.Length; end > 0; end = best[end].Start)
            {
                // Unknown letters in a row are one unknown token.
                int id = best[end].Id == Unknown ? tokenizer.Vocabulary.Unknown ?? 0 : best[end].Id;
                bool repeats = best[end].Id == Unknown && wasUnknown;
                wasUnknown = best[end].Id == Unknown;

                if (!repeats)
                {
                    output.Add(id);
                }
            }

            output.Reverse(first, output.Count - first);

            void Consider(int from, int length, int id, double score)
            {
                double sum = best[from].Score + score;

                if (sum > best[from + length].Score)
                {
                    best[from + length] = (sum, from, id);
                }
            }
        }
    }
}
