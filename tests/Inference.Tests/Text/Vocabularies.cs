using System.Globalization;
using Swarm.Inference.Model;
using Swarm.Inference.Text;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Text;

/// <summary>Small vocabularies that can write every text.</summary>
internal static class Vocabularies
{
    public static ITokenizer Bpe { get; } = CreateBpe();

    public static ITokenizer Spm { get; } = Tokenizer.Create(SpmMetadata(addSpacePrefix: false));

    public static ITokenizer SpmWithPrefix { get; } = Tokenizer.Create(SpmMetadata(addSpacePrefix: true));

    /// <summary>Three control tokens, every byte, and a few words, some within others.</summary>
    public static GgufMetadata SpmMetadata(bool addSpacePrefix)
    {
        string[] words = ["▁", "t", "h", "e", "n", "th", "the", "▁the", "▁th", "en", "▁then", "é", "😀", "▁▁"];
        List<string> tokens = ["<unk>", "<s>", "</s>"];
        tokens.AddRange(Enumerable.Range(0, 256)
            .Select(value => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>")));
        tokens.AddRange(words);
        int[] types = [2, 3, 3, .. Enumerable.Repeat(6, 256), .. Enumerable.Repeat(1, words.Length)];
        var writer = new GgufWriter();
        writer.Add("tokenizer.ggml.model", "llama");
        writer.Add("tokenizer.ggml.tokens", tokens);
        writer.Add("tokenizer.ggml.token_type", types);
        float[] scores = [.. Enumerable.Range(0, tokens.Count).Select(id => id < 259 ? 0f : 259f - id)];
        writer.Add("tokenizer.ggml.scores", scores);
        writer.Add("tokenizer.ggml.bos_token_id", 1u);
        writer.Add("tokenizer.ggml.eos_token_id", 2u);
        writer.Add("tokenizer.ggml.unknown_token_id", 0u);
        writer.Add("tokenizer.ggml.add_space_prefix", addSpacePrefix);
        using var file = GgufFile.FromHeader(writer.Header());
        return file.Metadata;
    }

    private static ITokenizer CreateBpe()
    {
        using ModelFile model = TinyModel.Open();
        return Tokenizer.Create(model.Metadata);
    }
}
