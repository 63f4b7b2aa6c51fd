using System.Globalization;
using Swarm.Inference.Model;
using Swarm.Inference.Text;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Text;

/// <summary>Small vocabularies; all but the word pieces can write every text.</summary>
internal static class Vocabularies
{
    private static readonly string[] Letters
        = ["▁", "t", "h", "e", "n", "th", "the", "▁the", "▁th", "en", "▁then", "é"];

    private static readonly IEnumerable<string> Bytes = Enumerable.Range(0, 256)
        .Select(value => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"));

    public static ITokenizer Bpe { get; } = CreateBpe();

    public static ITokenizer Spm { get; } = Tokenizer.Create(SpmMetadata(addSpacePrefix: false));

    public static ITokenizer SpmWithPrefix { get; } = Tokenizer.Create(SpmMetadata(addSpacePrefix: true));

    public static ITokenizer SpacedBpe { get; } = CreateSpacedBpe();

    public static ITokenizer WordPiece { get; } = CreateWordPiece();

    /// <summary>Those that can write every text byte for byte.</summary>
    public static IReadOnlyList<ITokenizer> Faithful { get; } = [Bpe, Spm, SpacedBpe];

    public static IReadOnlyList<ITokenizer> All { get; } = [.. Faithful, SpmWithPrefix, WordPiece, CreateUnigram()];

    /// <summary>Three control tokens, every byte, and a few words, some within others.</summary>
    public static GgufMetadata SpmMetadata(bool addSpacePrefix)
    {
        string[] words = [.. Letters, "😀", "▁▁"];
        string[] tokens = ["<unk>", "<s>", "</s>", .. Bytes, .. words];
        int[] types = [2, 3, 3, .. Enumerable.Repeat(6, 256), .. Enumerable.Repeat(1, words.Length)];
        float[] scores = [.. Enumerable.Range(0, tokens.Length).Select(id => id < 259 ? 0f : 259f - id)];
        return Metadata("llama", tokens, types, writer =>
        {
            writer.Add("tokenizer.ggml.scores", scores);
            writer.Add("tokenizer.ggml.bos_token_id", 1u);
            writer.Add("tokenizer.ggml.add_space_prefix", addSpacePrefix);
        });
    }

    /// <summary>A unigram model with these pieces behind the three control tokens.</summary>
    public static GgufMetadata UnigramMetadata(string[] pieces, float[] scores, Action<GgufWriter>? more = null)
        => Metadata(
            "t5",
            ["<pad>", "</s>", "<unk>", .. pieces],
            [3, 3, 2, .. Enumerable.Repeat(1, pieces.Length)],
            writer =>
            {
                writer.Add("tokenizer.ggml.scores", (float[])[0, 0, 0, .. scores]);
                more?.Invoke(writer);
            },
            eos: 1,
            unknown: 2);

    /// <summary>The metadata of a vocabulary.</summary>
    public static GgufMetadata Metadata(
        string model, string[] tokens, int[] types, Action<GgufWriter> more, uint eos = 2, uint unknown = 0)
    {
        var writer = new GgufWriter();
        writer.Add("tokenizer.ggml.model", model);
        writer.Add("tokenizer.ggml.tokens", tokens);
        writer.Add("tokenizer.ggml.token_type", types);
        writer.Add("tokenizer.ggml.eos_token_id", eos);
        writer.Add("tokenizer.ggml.unknown_token_id", unknown);
        more(writer);
        using var file = GgufFile.FromHeader(writer.Header());
        return file.Metadata;
    }

    private static ITokenizer CreateBpe()
    {
        using ModelFile model = TinyModel.Open();
        return Tokenizer.Create(model.Metadata);
    }

    private static ITokenizer CreateSpacedBpe()
    {
        string[] tokens = ["<unk>", "<s>", "</s>", .. Bytes, .. Letters];
        int[] types = [2, 3, 3, .. Enumerable.Repeat(6, 256), .. Enumerable.Repeat(1, Letters.Length)];
        string[] merges = ["t h", "th e", "▁ the", "▁ th", "e n", "▁the n", "▁ e", "▁e n"];
        return Tokenizer.Create(Metadata("gemma4", tokens, types, writer =>
        {
            writer.Add("tokenizer.ggml.merges", merges);
            writer.Add("tokenizer.ggml.bos_token_id", 1u);
        }));
    }

    private static ITokenizer CreateWordPiece()
    {
        string[] pieces = ["▁the", "▁then", "n", "▁e", "ing", "▁!", "▁.", "▁你", "▁t", "h", "e", "▁ᄒ", "ᄀ"];
        string[] tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", .. pieces];
        int[] types = [3, 2, 3, 3, .. Enumerable.Repeat(1, pieces.Length)];
        return Tokenizer.Create(Metadata(
            "bert",
            tokens,
            types,
            writer =>
            {
                writer.Add("tokenizer.ggml.cls_token_id", 2u);
                writer.Add("tokenizer.ggml.seperator_token_id", 3u);
            },
            eos: uint.MaxValue,
            unknown: 1));
    }

    private static ITokenizer CreateUnigram()
        => Tokenizer.Create(UnigramMetadata(Letters, [.. Letters.Select(letter => -(float)letter.Length)]));
}
