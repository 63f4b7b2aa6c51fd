using Swarm.Inference.Model;
using Swarm.Inference.Tests.Text;

namespace Swarm.Inference.Tests.Chat;

/// <summary>A vocabulary of control tokens, with GPT-2's letters behind them for all other text.</summary>
internal static class MarkerVocabulary
{
    /// <summary>The markers have the first ids.</summary>
    public static GgufMetadata Metadata(string[] markers)
    {
        IEnumerable<string> letters = Enumerable.Range('!', 0x200).Select(letter => ((char)letter).ToString());
        string[] tokens = [.. markers, .. letters];
        return Vocabularies.Metadata(
            "gpt2",
            tokens,
            [.. tokens.Select((_, id) => id < markers.Length ? 3 : 1)],
            writer =>
            {
                writer.Add("tokenizer.ggml.merges", (string[])["a a"]);
                writer.Add("tokenizer.ggml.pre", "llama-bpe");
                writer.Add("tokenizer.ggml.bos_token_id", (uint)Array.IndexOf(markers, "<s>"));
            },
            eos: (uint)Array.IndexOf(markers, "</s>"),
            unknown: uint.MaxValue);
    }
}
