using System.Text;
using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>
/// Byte-pair encoding on letters instead of bytes (<c>gemma4</c>): a space is written ▁, runs of line ends stand by
/// themselves, and what has no token becomes bytes.
/// </summary>
internal sealed class SpacedBpeTokenizer : VocabularyTokenizer
{
    private readonly MergeTable _merges;
    private readonly int?[] _bytes;

    public SpacedBpeTokenizer(GgufMetadata metadata)
        : base(metadata, "BPE with spaces", addBos: true, addEos: false)
    {
        _merges = new MergeTable(metadata, Vocabulary, []);
        _bytes = Vocabulary.ByteIds();
    }

    protected override Encoder CreateEncoder(List<int> output) => new Lines(this, output);

    protected override byte[] Decode(string text, TokenKind kind) => SpaceMark.Decode(text, kind);

    private sealed class Lines(SpacedBpeTokenizer tokenizer, List<int> output) : Encoder
    {
        private readonly Merger _merger = new(tokenizer);

        public override void Encode(string text, bool isBehindSpecial)
        {
            text = text.Replace(' ', SpaceMark.Letter);

            for (int start = 0; start < text.Length;)
            {
                bool isEnd = text[start] == '\n';
                ReadOnlySpan<char> rest = text.AsSpan(start);
                int length = isEnd ? rest.IndexOfAnyExcept('\n') : rest.IndexOf('\n');
                length = length < 0 ? rest.Length : length;
                _merger.Run(text.Substring(start, length), output);
                start += length;
            }
        }
    }

    private sealed class Merger(SpacedBpeTokenizer tokenizer) : PairMerger
    {
        // A letter that neither tokens nor merges know.
        private const int Nothing = -1;

        private string _text = "";

        public void Run(string text, List<int> output)
        {
            Clear();
            _text = text;

            for (int at = 0; at < text.Length;)
            {
                int length = char.IsSurrogatePair(text, at) ? 2 : 1;
                bool known = tokenizer._merges.TrySymbol(text.AsSpan(at, length), out int id);
                Append(at, length, known ? id : Nothing);
                at += length;
            }

            Merge(output);
        }

        protected override bool TryPair(Symbol left, Symbol right, out uint rank, out int id)
            => tokenizer._merges.TryPair(left.Id, right.Id, out rank, out id);

        protected override void Emit(Symbol symbol, List<int> output)
        {
            if (symbol.Id != Nothing && !tokenizer._merges.TryExtra(symbol.Id, out _))
            {
                output.Add(symbol.Id);
                return;
            }

            // Letter by letter, and what has no token byte by byte.
            for (int at = symbol.Start; at < symbol.Start + symbol.Length;)
            {
                int length = char.IsSurrogatePair(_text, at) ? 2 : 1;
                EmitLetter(_text.AsSpan(at, length), output);
                at += length;
            }
        }

        private void EmitLetter(ReadOnlySpan<char> letter, List<int> output)
        {
            if (tokenizer._merges.TrySymbol(letter, out int id) && !tokenizer._merges.TryExtra(id, out _))
            {
                output.Add(id);
                return;
            }

            Span<byte> utf8 = stackalloc byte[4];

            foreach (byte value in utf8[..Encoding.UTF8.GetBytes(letter, utf8)])
            {
                if ((tokenizer._bytes[value] ?? tokenizer.Vocabulary.Unknown) is { } byteId)
                {
                    output.Add(byteId);
                }
            }
        }
    }
}
