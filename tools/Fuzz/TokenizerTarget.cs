using System.Text;
using Swarm.Inference.Model;
using Swarm.Inference.Text;

namespace Swarm.Fuzz;

/// <summary>Tokenizers of random vocabularies on random texts.</summary>
internal sealed class TokenizerTarget : IFuzzTarget
{
    private const int Control = 3;

    private static readonly string[] Models = ["llama", "gpt2", "gemma4", "bert", "t5"];

    private static readonly string[] Pre =
    [
        "default", "llama-bpe", "qwen2", "qwen35", "gpt-4o", "tekken", "deepseek-v3", "deepseek-llm", "falcon",
        "smollm", "bloom", "kimi-k2", "viking", "laguna", "none-such", "exaone-moe", "minicpm5",
    ];

    private static readonly string[] Letters =
    [
        "a", "b", "ab", "ba", "A", " ", "▁", "  ", "\n", "\t", "1", "<", "s", ">", "/", "|", "é", "e\u0301", "你", "😀",
        "\u200D", "'s", "Ġ", "Ċ", "Ã", "©", "ﬁ", "İ", "\0", "\uFFFD", "한", "[", "]", ".", "\u00A0",
    ];

    public string Name => "tokenizer";

    // A vocabulary's tables, and a few objects for every byte of the text.
    public long AllocatedBytesMax(int inputLength) => (32L << 20) + (2_000L * inputLength);

    public byte[] Make(Random random)
    {
        int length = random.Next(20) == 0 ? 20_000 : random.Next(60);
        string text = random.Next(3) == 0
            ? string.Concat(Enumerable.Repeat(Text(random, 2), length))
            : Text(random, length);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return Chunks.Join([Vocabulary(random), random.Next(8) == 0 ? Mutations.Of(random, bytes) : bytes]);
    }

    public void Read(byte[] input)
    {
        List<byte[]> chunks = Chunks.Split(input);

        if (chunks.Count != 2)
        {
            return;
        }

        try
        {
            using var file = GgufFile.FromHeader(chunks[0]);
            Check(file.Metadata, Tokenizer.Create(file.Metadata), Encoding.UTF8.GetString(chunks[1]));
        }
        catch (GgufException)
        {
        }
    }

    private static void Check(GgufMetadata metadata, ITokenizer tokenizer, string text)
    {
        GgufValue? types = metadata.Array("tokenizer.ggml.token_type");
        int unknown = (int)(metadata.Whole("tokenizer.ggml.unknown_token_id") ?? 0);
        int[] ids = tokenizer.Encode(text, addSpecial: false, parseSpecial: false);

        if (ids.Any(id => id < 0 || id >= tokenizer.Count
            || (id != unknown && types?.Whole(id) == Control)))
        {
            throw new InvalidOperationException("A text of the user became a control token, or no token at all.");
        }

        var stream = new TextStream(tokenizer);
        ids = tokenizer.Encode(text, addSpecial: true, parseSpecial: true);
        string written = string.Concat(ids.Append(-1).Append(int.MaxValue).Select(stream.Push)) + stream.Flush();
        byte[] bytes = [.. ids.SelectMany(id => tokenizer.Bytes(id).ToArray())];

        if (written != Encoding.UTF8.GetString(bytes))
        {
            throw new InvalidOperationException("Tokens are another text one by one than all at once.");
        }

        int cut = text.Length / 2;
        TextPiece[] pieces = [new(text[..cut], true), new(text[cut..], true)];

        if (!tokenizer.Encode(pieces, addSpecial: true).SequenceEqual(ids))
        {
            throw new InvalidOperationException("A text in two pieces has other tokens than in one.");
        }
    }

    private static byte[] Vocabulary(Random random)
    {
        int count = random.Next(1, 60);
        string[] tokens = [.. Enumerable.Range(0, count).Select(_ => Text(random, random.Next(5)))];
        tokens[0] = random.Next(2) == 0 ? "<s>" : tokens[0];
        var writer = new GgufWriter();
        writer.Add("tokenizer.ggml.model", Models[random.Next(Models.Length)]);
        writer.Add("tokenizer.ggml.pre", Pre[random.Next(Pre.Length)]);
        writer.Add("tokenizer.ggml.tokens", random.Next(3) == 0 ? tokens : [.. tokens, .. Bytes()]);
        return Finish(random, writer, tokens);
    }

    private static IEnumerable<string> Bytes() => Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>");

    private static byte[] Finish(Random random, GgufWriter writer, string[] tokens)
    {
        using var file = GgufFile.FromHeader(writer.Header());
        int count = file.Metadata.Array("tokenizer.ggml.tokens")!.Count;
        int spread = random.Next(25) == 0 ? 1 : 0;
        writer.Add("tokenizer.ggml.token_type", (int[])
            [.. Enumerable.Range(0, count + spread).Select(id => id < tokens.Length ? random.Next(1, 6) : 6)]);
        writer.Add("tokenizer.ggml.scores", (float[])
            [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 20) - 10))]);
        writer.Add("tokenizer.ggml.merges", Enumerable.Range(0, random.Next(40))
            .Select(_ => Text(random, 1).Replace(' ', 'a') + " " + Text(random, random.Next(1, 3))));

        foreach (string key in (string[])["bos", "eos", "unknown", "cls", "seperator"])
        {
            if (random.Next(3) > 0)
            {
                writer.Add($"tokenizer.ggml.{key}_token_id", (uint)random.Next(count + spread));
            }
        }

        foreach (string key in (string[])["add_bos_token", "add_space_prefix", "remove_extra_whitespaces"])
        {
            if (random.Next(2) > 0)
            {
                writer.Add($"tokenizer.ggml.{key}", random.Next(2) == 0);
            }
        }

        byte[] header = writer.Header();
        return random.Next(5) == 0 ? Mutations.Of(random, header) : header;
    }

    private static string Text(Random random, int parts)
        => string.Concat(Enumerable.Range(0, parts).Select(_ => Letters[random.Next(Letters.Length)]));
}
