using System.Text;
using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>
/// Byte-level byte-pair encoding: the text is cut as the vocabulary wants it, and in every stretch bytes are merged
/// in the order in which the merges were learned.
/// </summary>
internal sealed class BpeTokenizer : VocabularyTokenizer
{
    private readonly PreTokenizer _preTokenizer;
    private readonly MergeTable _merges;
    private readonly bool _takesWholeWords;

    public BpeTokenizer(GgufMetadata metadata)
        : this(metadata, PreTokenizer.Of(metadata))
    {
    }

    private BpeTokenizer(GgufMetadata metadata, PreTokenizer preTokenizer)
        : base(metadata, $"byte-level BPE ({preTokenizer.Name})", preTokenizer.AddBos, false)
    {
        _preTokenizer = preTokenizer;
        _takesWholeWords = metadata.Flag("tokenizer.ggml.ignore_merges") ?? preTokenizer.WholeWords;
        _merges = new MergeTable(
            metadata, Vocabulary, Enumerable.Range(0, 256).Select(value => ByteLetters.Letter((byte)value).ToString()));
        Note = preTokenizer.Note;
    }

    protected override Encoder CreateEncoder(List<int> output) => new Words(this, output);

    protected override byte[] Decode(string text, TokenKind kind)
    {
        if (kind == TokenKind.UserDefined)
        {
            return Encoding.UTF8.GetBytes(text);
        }

        byte[] bytes = new byte[text.Length];

        for (int i = 0; i < text.Length; i++)
        {
            // A letter outside of the byte alphabet: the token is written as plain text.
            if (!ByteLetters.TryByte(text[i], out bytes[i]))
            {
                return Encoding.UTF8.GetBytes(text);
            }
        }

        return bytes;
    }

    private sealed class Words(BpeTokenizer tokenizer, List<int> output) : Encoder
    {
        private readonly Merger _merger = new(tokenizer);

        public override void Encode(string text, bool isBehindSpecial)
        {
            var shadow = new ShadowText(text);

            foreach ((int start, int length) in tokenizer._preTokenizer.Split(shadow.Letters))
            {
                int from = shadow.Start(start);
                _merger.Run(text.AsSpan(from, shadow.Start(start + length) - from), output);
            }
        }
    }

    private sealed class Merger(BpeTokenizer tokenizer) : PairMerger
    {
        private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids
            = tokenizer.Vocabulary.PlainIds.GetAlternateLookup<ReadOnlySpan<char>>();

        private byte[] _bytes = new byte[256];
        private char[] _letters = new char[256];

        public void Run(ReadOnlySpan<char> word, List<int> output)
        {
            int most = Encoding.UTF8.GetMaxByteCount(word.Length);

            if (_bytes.Length < most)
            {
                _bytes = new byte[most];
                _letters = new char[most];
            }

            Span<byte> bytes = _bytes.AsSpan(0, Encoding.UTF8.GetBytes(word, _bytes));

            if (tokenizer._takesWholeWords && TryWhole(bytes, out int whole))
            {
                output.Add(whole);
                return;
            }

            Clear();

            for (int i = 0; i < bytes.Length; i++)
            {
                Append(i, 1, tokenizer._merges.Letters[bytes[i]]);
            }

            Merge(output);
        }

        protected override bool TryPair(Symbol left, Symbol right, out uint rank, out int id)
            => tokenizer._merges.TryPair(left.Id, right.Id, out rank, out id);

        protected override void Emit(Symbol symbol, List<int> output)
        {
            if (!tokenizer._merges.TryExtra(symbol.Id, out string? text))
            {
                output.Add(symbol.Id);
                return;
            }

            // No token has this text: its bytes stand for it, as far as they have tokens.
            foreach (char letter in text)
            {
                if (_ids.TryGetValue([letter], out int id))
                {
                    output.Add(id);
                }
            }
        }

        private bool TryWhole(ReadOnlySpan<byte> bytes, out int id)
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                _letters[i] = ByteLetters.Letter(bytes[i]);
            }

            return _ids.TryGetValue(_letters.AsSpan(0, bytes.Length), out id);
        }
    }
}
