using System.Globalization;
using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>The tokens of a model file, every length and id of them checked.</summary>
internal sealed class Vocabulary
{
    private const string Prefix = "tokenizer.ggml.";

    // What ends a turn or a text in the models people use, whatever the file's own keys say.
    private static readonly HashSet<string> EndTexts =
    [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>",
        "<turn|>", "<|endoftext|>", "<|end_of_text|>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]",
        "<end_of_utterance>", "</s>", "<eos>", "<fim_pad>", "<|fim_pad|>", "<fim-pad>", "<PAD>", "[PAD]",
        "<|fim_repo|>", "<fim-repo>", "<|repo_name|>", "<reponame>", "<REPO>", "<|file_sep|>", "<file_sep>",
    ];

    /// <summary>Reads and checks the vocabulary.</summary>
    /// <exception cref="GgufException">A part of it is missing or does not fit the others.</exception>
    public Vocabulary(GgufMetadata metadata)
    {
        GgufValue tokens = metadata.Array(Prefix + "tokens")
            ?? throw new GgufException(Prefix + "tokens", "the file holds no vocabulary; convert the model again.");

        if (tokens.Count is 0 or > GgufLimits.VocabularyMax)
        {
            throw new GgufException(
                Prefix + "tokens", $"{tokens.Count} tokens; 1 to {GgufLimits.VocabularyMax:N0} are allowed.");
        }

        Texts = new string[tokens.Count];

        for (int id = 0; id < Texts.Length; id++)
        {
            Texts[id] = tokens.Utf8(id).Length <= GgufLimits.TokenBytesMax
                ? tokens.Text(id)
                : throw new GgufException(
                    Prefix + "tokens", $"token {id} has more than {GgufLimits.TokenBytesMax:N0} bytes.");
        }

        Kinds = ReadKinds(metadata);
        Bos = Id(metadata, "bos_token_id") ?? Id(metadata, "cls_token_id");
        Eos = Id(metadata, "eos_token_id");
        Unknown = Id(metadata, "unknown_token_id");

        // The format's own spelling.
        Separator = Id(metadata, "seperator_token_id");
        EndIds = FindEnds(metadata);
        PlainIds = IdsOf(kind => kind is not (TokenKind.Control or TokenKind.Unknown));
    }

    /// <summary>The text of every token, as the file writes it.</summary>
    public string[] Texts { get; }

    /// <summary>What every token is.</summary>
    public TokenKind[] Kinds { get; }

    /// <summary>The tokens that plain text may become, by their text: never one that steers the model.</summary>
    public Dictionary<string, int> PlainIds { get; }

    /// <summary>How many tokens there are.</summary>
    public int Count => Texts.Length;

    /// <summary>Begins a text.</summary>
    public int? Bos { get; }

    /// <summary>Ends a text.</summary>
    public int? Eos { get; }

    /// <summary>Stands for what has no token.</summary>
    public int? Unknown { get; }

    /// <summary>Stands behind a text, and between two.</summary>
    public int? Separator { get; }

    /// <summary>Tokens that end a generation.</summary>
    public IReadOnlySet<int> EndIds { get; }

    /// <summary>The tokens of some kinds by their text; the last one when several have the same.</summary>
    public Dictionary<string, int> IdsOf(Func<TokenKind, bool> belongs)
    {
        var ids = new Dictionary<string, int>(Count, StringComparer.Ordinal);

        for (int id = 0; id < Count; id++)
        {
            if (belongs(Kinds[id]))
            {
                ids[Texts[id]] = id;
            }
        }

        return ids;
    }

    /// <summary>The token of every byte; null for a byte that has none.</summary>
    public int?[] ByteIds()
        =>
        [
            .. Enumerable.Range(0, 256)
                .Select(value => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"))
                .Select(name => PlainIds.TryGetValue(name, out int id) ? id : (int?)null),
        ];

    /// <summary>An array with one element per token.</summary>
    public GgufValue? PerToken(GgufMetadata metadata, string key)
    {
        GgufValue? value = metadata.Array(Prefix + key);

        return value is null || value.Count == Count
            ? value
            : throw new GgufException(
                Prefix + key, $"{value.Count} values for {Count} tokens; convert the model again.");
    }

    private TokenKind[] ReadKinds(GgufMetadata metadata)
    {
        const string Key = "token_type";
        var kinds = new TokenKind[Count];
        GgufValue? types = PerToken(metadata, Key);

        for (int id = 0; id < kinds.Length; id++)
        {
            long kind = types?.Whole(id) ?? (long)TokenKind.Normal;

            // 0 is written by some converters for tokens they know nothing about.
            kinds[id] = kind switch
            {
                0 => TokenKind.Normal,
                >= (long)TokenKind.Normal and <= (long)TokenKind.Byte => (TokenKind)kind,
                _ => throw new GgufException(Prefix + Key, $"token {id} is of type {kind}; 1 to 6 are known."),
            };
        }

        return kinds;
    }

    private int? Id(GgufMetadata metadata, string key)
    {
        long? id = metadata.Whole(Prefix + key);

        // Some converters write -1 (also as 2^32 - 1) for «there is none».
        return id switch
        {
            null or -1 or uint.MaxValue => null,
            >= 0 when id < Count => (int)id,
            _ => throw new GgufException(Prefix + key, $"token {id} is not among the {Count} tokens."),
        };
    }

    private HashSet<int> FindEnds(GgufMetadata metadata)
    {
        var ends = new HashSet<int>();

        foreach (string key in (string[])["eos_token_id", "eot_token_id", "eom_token_id"])
        {
            if (Id(metadata, key) is { } id)
            {
                _ = ends.Add(id);
            }
        }

        for (int id = 0; id < Count; id++)
        {
            if (EndTexts.Contains(Texts[id]))
            {
                // Some files call it a piece of text; then what users write could end a turn.
                Kinds[id] = TokenKind.Control;
                _ = ends.Add(id);
            }
        }

        return ends;
    }
}
