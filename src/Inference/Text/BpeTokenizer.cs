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

    // Symbols are tokens; a text that is only part of a merge has an id behind them.
    private readonly Dictionary<string, int> _extraIds = new(StringComparer.Ordinal);
    private readonly List<string> _extraTexts = [];
    private readonly int[] _byteSymbols;
    private readonly Dictionary<(int Left, int Right), (int Rank, int Id)> _merges;

    public BpeTokenizer(GgufMetadata metadata)
        : this(metadata, PreTokenizer.Of(metadata))
    {
    }

    private BpeTokenizer(GgufMetadata metadata, PreTokenizer preTokenizer)
        : base(metadata, $"byte-level BPE ({metadata.Text(PreTokenizer.Key) ?? "default"})", preTokenizer.AddBos, false)
    {
        _preTokenizer = preTokenizer;
        _byteSymbols =
        [
            .. Enumerable.Range(0, 256).Select(value => SymbolOf(ByteLetters.Letter((byte)value).ToString())),
        ];
        _merges = ReadMerges(metadata);
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

    private Dictionary<(int Left, int Right), (int Rank, int Id)> ReadMerges(GgufMetadata metadata)
    {
        const string Key = "tokenizer.ggml.merges";
        GgufValue merges = metadata.Array(Key)
            ?? throw new GgufException(Key, "the file does not hold this key; convert the model again.");
        var ranks = new Dictionary<(int Left, int Right), (int Rank, int Id)>(merges.Count);

        for (int rank = 0; rank < merges.Count; rank++)
        {
            string merge = merges.Text(rank);

            // The space that parts the two is never the first letter.
            int space = merge.Length > 0 ? merge.IndexOf(' ', 1) : -1;

            if (space < 0)
            {
                throw new GgufException(Key, $"merge {rank} is no pair of texts; convert the model again.");
            }

            string left = merge[..space];
            string right = merge[(space + 1)..];
            _ = ranks.TryAdd((SymbolOf(left), SymbolOf(right)), (rank, SymbolOf(left + right)));
        }

        return ranks;
    }

    private int SymbolOf(string text)
    {
        if (Vocabulary.ById.TryGetValue(text, out int id) || _extraIds.TryGetValue(text, out id))
        {
            return id;
        }

        id = Count + _extraTexts.Count;
        _extraIds.Add(text, id);
        _extraTexts.Add(text);
        return id;
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
            = tokenizer.Vocabulary.ById.GetAlternateLookup<ReadOnlySpan<char>>();

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

            if (tokenizer._preTokenizer.WholeWords && TryWhole(bytes, out int whole))
            {
                output.Add(whole);
                return;
            }

            Clear();

            for (int i = 0; i < bytes.Length; i++)
            {
                Append(i, 1, tokenizer._byteSymbols[bytes[i]]);
            }

            Merge(output);
        }

        protected override bool TryPair(Symbol left, Symbol right, out uint rank, out int id)
        {
            bool found = tokenizer._merges.TryGetValue((left.Id, right.Id), out (int Rank, int Id) merge);
            rank = (uint)merge.Rank;
            id = merge.Id;
            return found;
        }

        protected override void Emit(Symbol symbol, List<int> output)
        {
            if (symbol.Id < tokenizer.Count)
            {
                output.Add(symbol.Id);
                return;
            }

            // No token has this text: its bytes stand for it, as far as they have tokens.
            foreach (char letter in tokenizer._extraTexts[symbol.Id - tokenizer.Count])
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
