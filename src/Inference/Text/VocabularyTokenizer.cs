using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>What all tokenizers share: a vocabulary, tokens written out in texts, and those around a text.</summary>
internal abstract class VocabularyTokenizer : ITokenizer
{
    private readonly TextSplitter _splitter;
    private readonly TokenBytes _bytes;
    private readonly int[] _before;
    private readonly int[] _behind;

    /// <summary>Reads the vocabulary.</summary>
    /// <param name="metadata">The model file's own words.</param>
    /// <param name="kind">What kind it is, as people say it.</param>
    /// <param name="addBos">Whether a text begins with <see cref="Bos"/> where the file does not say.</param>
    /// <param name="addEos">Whether a text ends with the end token where the file does not say.</param>
    /// <param name="addSeparator">Whether a text ends with the separating token instead.</param>
    protected VocabularyTokenizer(
        GgufMetadata metadata, string kind, bool addBos, bool addEos, bool addSeparator = false)
    {
        Vocabulary = new Vocabulary(metadata);
        Kind = kind;
        _splitter = new TextSplitter(metadata, Vocabulary);
        _bytes = new TokenBytes(Vocabulary, Decode);
        AddBos = (metadata.Flag("tokenizer.ggml.add_bos_token") ?? addBos) && Bos is not null;
        int? last = addSeparator ? Vocabulary.Separator
            : metadata.Flag("tokenizer.ggml.add_eos_token") ?? addEos ? Vocabulary.Eos
            : null;
        _before = AddBos ? [Bos!.Value] : [];
        _behind = last is { } id ? [id] : [];
    }

    public string Kind { get; }

    public string? Note { get; protected init; }

    public int Count => Vocabulary.Count;

    public int? Bos => Vocabulary.Bos;

    public IReadOnlySet<int> EndIds => Vocabulary.EndIds;

    public bool AddBos { get; }

    protected Vocabulary Vocabulary { get; }

    public int[] Encode(IReadOnlyList<TextPiece> pieces, bool addSpecial)
    {
        string text = pieces.Count == 1 ? pieces[0].Text : string.Concat(pieces.Select(piece => piece.Text));
        var output = new List<int>(addSpecial ? _before : []);
        Encoder encoder = CreateEncoder(output);
        bool isBehindSpecial = true;

        foreach ((int start, int length, int? special) in _splitter.Split(text, pieces))
        {
            if (special is { } id)
            {
                output.Add(id);
            }
            else
            {
                encoder.Encode(text.Substring(start, length), isBehindSpecial);
            }

            isBehindSpecial = special is not null;
        }

        output.AddRange(addSpecial ? _behind : []);
        return [.. output];
    }

    public ReadOnlySpan<byte> Bytes(int id) => _bytes.Of(id);

    /// <summary>What encodes the stretches of one text.</summary>
    protected abstract Encoder CreateEncoder(List<int> output);

    /// <summary>The bytes that a token's text stands for.</summary>
    protected abstract byte[] Decode(string text, TokenKind kind);

    /// <summary>Encodes the stretches of one text in a row; it may keep buffers, so one thread uses it.</summary>
    protected abstract class Encoder
    {
        /// <summary>Appends the tokens of a stretch that holds no special ones.</summary>
        /// <param name="text">The stretch.</param>
        /// <param name="isBehindSpecial">Whether it begins the text or stands behind a special token.</param>
        public abstract void Encode(string text, bool isBehindSpecial);
    }
}
