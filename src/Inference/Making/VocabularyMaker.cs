using Swarm.Inference.Model;
using Swarm.Inference.Text;

namespace Swarm.Inference.Making;

/// <summary>
/// A byte-complete vocabulary of any size for models of random weights: 256 bytes, merged letters, and control
/// tokens at the end. It stands for no language, but every text can be written with it.
/// </summary>
internal static class VocabularyMaker
{
    private const int NormalType = 1;
    private const int ControlType = 3;
    private const int Bytes = 256;

    /// <summary>Adds the tokenizer's metadata.</summary>
    public static void Write(GgufWriter writer, ModelShape shape)
    {
        string[] controls = Controls(shape);
        int merged = shape.Vocabulary - Bytes - controls.Length;
        List<string> tokens =
        [
            .. Enumerable.Range(0, Bytes).Select(value => ByteLetters.Letter((byte)value).ToString()),
        ];
        List<string> merges = [];

        foreach ((string left, string right) in Merges().Take(merged))
        {
            merges.Add($"{left} {right}");
            tokens.Add(left + right);
        }

        int bos = tokens.Count;
        tokens.AddRange(controls);
        writer.Add("tokenizer.ggml.model", "gpt2");
        writer.Add("tokenizer.ggml.pre", shape.Architecture switch
        {
            "gpt2" => "gpt-2",
            "qwen3" => "qwen2",
            _ => "llama-bpe",
        });
        writer.Add("tokenizer.ggml.tokens", tokens);
        int[] types = [.. Enumerable.Range(0, tokens.Count).Select(id => id < bos ? NormalType : ControlType)];
        writer.Add("tokenizer.ggml.token_type", types);
        writer.Add("tokenizer.ggml.merges", merges);
        writer.Add("tokenizer.ggml.bos_token_id", (uint)bos);
        writer.Add("tokenizer.ggml.eos_token_id", (uint)(controls.Length == 1 ? bos : bos + 1));
        writer.Add("tokenizer.ggml.add_bos_token", shape.Architecture == "llama");
    }

    private static string[] Controls(ModelShape shape)
    {
        if (shape.Architecture == "gpt2")
        {
            return ["<|endoftext|>"];
        }

        if (shape.Architecture == "qwen3")
        {
            return ["<|endoftext|>", "<|im_end|>", "<|im_start|>"];
        }

        // Llama 3 has 256 of them; a small vocabulary gets the three that matter.
        string[] named = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"];
        int reserved = shape.Vocabulary > 100_000 ? Bytes - named.Length : 0;
        return [.. named, .. Enumerable.Range(0, reserved).Select(number => $"<|reserved_special_token_{number}|>")];
    }

    /// <summary>Pairs to merge, shortest first: a letter or a word's first, then one more letter each time.</summary>
    private static IEnumerable<(string Left, string Right)> Merges()
    {
        const string Letters = "etaoinshrdlucmfwypvbgkjqxz";
        string space = ByteLetters.Letter((byte)' ').ToString();
        List<string> words = [];

        foreach (char letter in Letters)
        {
            yield return (space, letter.ToString());
            words.Add(space + letter);
            words.Add(letter.ToString());
        }

        while (true)
        {
            List<string> longer = [];

            foreach (string word in words)
            {
                foreach (char letter in Letters)
                {
                    yield return (word, letter.ToString());
                    longer.Add(word + letter);
                }
            }

            words = longer;
        }
    }
}
