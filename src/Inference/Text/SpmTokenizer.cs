using System.Globalization;
using System.Text;
using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>
/// SentencePiece by scores: pairs that form a token are merged, the highest score first; a space is written ▁;
/// what has no token becomes bytes, or the unknown token where there are none.
/// </summary>
internal sealed class SpmTokenizer : ITokenizer
{
    private const char Space = '\u2581';

    private readonly Vocabulary _vocabulary;
    private readonly uint[] _ranks;
    private readonly int?[] _bytes = new int?[256];
    private readonly TokenBytes _tokenBytes;
    private readonly TextSplitter _splitter;
    private readonly bool _addSpacePrefix;
    private readonly bool _addEos;
    private readonly int _longest;

    public SpmTokenizer(GgufMetadata metadata)
    {
        _vocabulary = new Vocabulary(metadata);
        GgufValue scores = _vocabulary.PerToken(metadata, "scores")
            ?? throw new GgufException("tokenizer.ggml.scores", "the file does not hold this key; convert it again.");
        _ranks = [.. Enumerable.Range(0, Count).Select(id => Rank((float)scores.Number(id)))];
        _longest = _vocabulary.Texts.Max(text => text.Length);

        for (int value = 0; value < _bytes.Length; value++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");
            _bytes[value] = _vocabulary.ById.TryGetValue(name, out int id) ? id : null;
        }

        _addSpacePrefix = Vocabulary.Adds(metadata, "add_space_prefix") ?? true;
        AddBos = (Vocabulary.Adds(metadata, "add_bos_token") ?? true) && Bos is not null;
        _addEos = (Vocabulary.Adds(metadata, "add_eos_token") ?? false) && _vocabulary.Eos is not null;
        _splitter = new TextSplitter(metadata, _vocabulary);
        _tokenBytes = new TokenBytes(_vocabulary, Decode);
    }

    public string Kind => "SentencePiece";

    public int Count => _vocabulary.Count;

    public int? Bos => _vocabulary.Bos;

    public IReadOnlySet<int> EndIds => _vocabulary.EndIds;

    public bool AddBos { get; }

    public int[] Encode(string text, bool addSpecial, bool parseSpecial)
    {
        var output = new List<int>();
        var merger = new Merger(this);
        bool afterSpecial = true;

        if (addSpecial && AddBos)
        {
            output.Add(Bos!.Value);
        }

        foreach ((int start, int length, int? special) in _splitter.Split(text, parseSpecial))
        {
            if (special is { } id)
            {
                output.Add(id);
            }
            else
            {
                // The letters of a word are the same tokens wherever it stands, so a text starts with a space.
                string prefix = _addSpacePrefix && afterSpecial ? " " : "";
                merger.Run(string.Concat(prefix, text.AsSpan(start, length)).Replace(' ', Space), output);
            }

            afterSpecial = special is not null;
        }

        if (addSpecial && _addEos)
        {
            output.Add(_vocabulary.Eos!.Value);
        }

        return [.. output];
    }

    public ReadOnlySpan<byte> Bytes(int id) => _tokenBytes.Of(id);

    private static byte[] Decode(string text, TokenKind kind)
        => kind == TokenKind.Byte
            && text.Length == 6
            && byte.TryParse(text.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out byte value)
                ? [value]
                : Encoding.UTF8.GetBytes(text.Replace(Space, ' '));

    /// <summary>Numbers that ascend where scores descend, whatever a file holds for a score.</summary>
    private static uint Rank(float score)
    {
        // Positive floats ascend with their bits, negative ones descend; zero has two forms.
        uint bits = BitConverter.SingleToUInt32Bits(score == 0 ? 0 : score);
        uint ascending = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return ~ascending;
    }

    private sealed class Merger(SpmTokenizer tokenizer) : PairMerger
    {
        private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids
            = tokenizer._vocabulary.ById.GetAlternateLookup<ReadOnlySpan<char>>();

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
                    output.Add(tokenizer._vocabulary.Unknown ?? 0);
                    return;
                }
            }
        }
    }
}
