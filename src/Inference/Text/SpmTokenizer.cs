using System.Text;
using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>
/// SentencePiece by scores: pairs that form a token are merged, the highest score first; a space is written ▁;
/// what has no token becomes bytes, or the unknown token where there are none.
/// </summary>
internal sealed class SpmTokenizer : VocabularyTokenizer
{
    private readonly uint[] _ranks;
    private readonly int?[] _bytes;
    private readonly bool _addSpacePrefix;
    private readonly int _longest;

    public SpmTokenizer(GgufMetadata metadata)
        : base(metadata, "SentencePiece", addBos: true, addEos: false)
    {
        GgufValue scores = Vocabulary.PerToken(metadata, "scores")
            ?? throw new GgufException("tokenizer.ggml.scores", "the file does not hold this key; convert it again.");
        _ranks = [.. Enumerable.Range(0, Count).Select(id => Rank((float)scores.Number(id)))];
        _longest = Vocabulary.Texts.Max(text => text.Length);
        _bytes = Vocabulary.ByteIds();
        _addSpacePrefix = metadata.Flag("tokenizer.ggml.add_space_prefix") ?? true;
    }

    protected override Encoder CreateEncoder(List<int> output) => new Stretches(this, output);

    protected override byte[] Decode(string text, TokenKind kind) => SpaceMark.Decode(text, kind);

    /// <summary>Numbers that ascend where scores descend, whatever a file holds for a score.</summary>
    private static uint Rank(float score)
    {
        // Positive floats ascend with their bits, negative ones descend; zero has two forms.
        uint bits = BitConverter.SingleToUInt32Bits(score == 0 ? 0 : score);
        uint ascending = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return ~ascending;
    }

    private sealed class Stretches(SpmTokenizer tokenizer, List<int> output) : Encoder
    {
        private readonly Merger _merger = new(tokenizer);

        public override void Encode(string text, bool isBehindSpecial)
        {
            // The letters of a word are the same tokens wherever it stands, so a text starts with a space.
            string prefix = tokenizer._addSpacePrefix && isBehindSpecial ? " " : "";
            _merger.Run((prefix + text).Replace(' ', SpaceMark.Letter), output);
        }
    }

    private sealed class Merger(SpmTokenizer tokenizer) : PairMerger
    {
        private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids
            = tokenizer.Vocabulary.PlainIds.GetAlternateLookup<ReadOnlySpan<char>>();

        private string _text = "";

        public void Run(string text, List<int> output)
        {
            Clear();
            _text = text;

            for (int at = 0; at < text.Length;)
            {
                int length = char.IsSurrogatePair(text, at) ? 2 : 1;
                Append(at, length, 0);
                at += length;
            }

            Merge(output);
        }

        protected override bool TryPair(Symbol left, Symbol right, out uint rank, out int id)
        {
            int length = left.Length + right.Length;

            if (length <= tokenizer._longest && _ids.TryGetValue(_text.AsSpan(left.Start, length), out id))
            {
                rank = tokenizer._ranks[id];
                return true;
            }

            rank = 0;
            id = 0;
            return false;
        }

        protected override void Emit(Symbol symbol, List<int> output)
        {
            ReadOnlySpan<char> text = _text.AsSpan(symbol.Start, symbol.Length);

            if (_ids.TryGetValue(text, out int id))
            {
                output.Add(id);
                return;
            }

            Span<byte> utf8 = stackalloc byte[8];
            utf8 = utf8[..Encoding.UTF8.GetBytes(text, utf8)];

            foreach (byte value in utf8)
            {
                if (tokenizer._bytes[value] is { } byteId)
                {
                    output.Add(byteId);
                }
                else
                {
                    // Once for the whole letter.
                    output.Add(tokenizer.Vocabulary.Unknown ?? 0);
                    return;
                }
            }
        }
    }
}
