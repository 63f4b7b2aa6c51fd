using System.Text.RegularExpressions;
using Swarm.Inference.Model;

namespace Swarm.Inference.Text;

/// <summary>
/// How a byte-level vocabulary wants text cut before its bytes are merged: one pattern after the other cuts every
/// stretch the one before it left, into its matches and what lies between them.
/// </summary>
internal sealed partial record PreTokenizer(Regex[] Patterns, bool WholeWords = false, bool AddBos = false)
{
    /// <summary>The key that names it.</summary>
    public const string Key = "tokenizer.ggml.pre";

    private const string Default = "default";

    private static readonly (string[] Names, Func<PreTokenizer> Make)[] Known =
    [
        (
            ["gpt-2", "phi-2", "mpt", "olmo", "jais", "exaone4", "gigachat", "mellum", "modern-bert", "a.x-4.0",
                "trillion", "granite-docling", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "jina-v2-code"],
            () => new([Gpt2()])
        ),
        (
            ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"],
            () => new([Llama3()], WholeWords: true, AddBos: true)
        ),
        (["smaug-bpe", "dbrx", "glm4", "chatglm-bpe"], () => new([Llama3()])),
        (
            ["qwen2", "stablelm2", "hunyuan", "megrez", "deepseek-r1-qwen", "kormo", "f2llmv2", "grok-2", "solar-open"],
            () => new([Qwen2()])
        ),
        (["qwen35"], () => new([Qwen35()])),
        (
            ["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"],
            () => new([Digit(), Gpt2()])
        ),
        (["tekken"], () => new([Tekken()], WholeWords: true, AddBos: true)),
        (["gpt-4o", "llama4", "kanana2", "minimax-m2", "talkie"], () => new([Gpt4o()])),
        (["kimi-k2"], () => new([KimiK2()])),
        (
            ["deepseek-llm"],
            () => new([LineEnd(), SpacedCased(), SpacedAsciiSigns(), LastSpace(), EastAsian(), Digits()])
        ),
        (["deepseek-coder"], () => new([LineEnd(), SpacedLetters(), SpacedSigns(), EastAsian(), Digit()])),
        (["deepseek-v3", "hunyuan-dense", "joyai-llm"], () => new([ThreeDigits(), HanAndKana(), DeepSeek3()])),
        (["falcon"], () => new([FalconSigns(), Gpt2(), ThreeAsciiDigits()])),
        (["bloom", "poro-chat", "gpt3-finnish"], () => new([Bloom()])),
        (["viking"], () => new([Bloom(), Digit()])),
        (["bailingmoe", "bailingmoe2", "llada-moe"], () => new([Bailing()])),
        (["seed-coder"], () => new([SeedCoder()])),
        (["exaone-moe"], () => new([ExaoneMoe()])),
        (["minicpm5"], () => new([ThreeDigits(), MiniCpm5()], WholeWords: true)),
        (["laguna"], () => new([Lines(), Qwen2()])),
        ([Default], () => new([DefaultSigns(), Gpt2(), Digits(), ThreeAsciiDigits()])),
    ];

    /// <summary>What it is called.</summary>
    public string Name { get; private init; } = Default;

    /// <summary>What users should know about it; null when there is nothing.</summary>
    public string? Note { get; private init; }

    /// <summary>The one a file names; for an unknown name the default one, with a note.</summary>
    public static PreTokenizer Of(GgufMetadata metadata)
    {
        string name = metadata.Text(Key) is { Length: > 0 } named ? named : Default;

        foreach ((string[] names, Func<PreTokenizer> make) in Known)
        {
            if (names.Contains(name))
            {
                return make() with { Name = name };
            }
        }

        return Known[^1].Make() with
        {
            Note = $"the model's pre-tokenizer '{name}' is not known: text is cut the default way, which may differ "
                + "from what the model was trained with.",
        };
    }

    /// <summary>Cuts a text; every stretch is given by its first code point and its length.</summary>
    public List<(int Start, int Length)> Split(string letters)
    {
        List<(int Start, int Length)> parts = [(0, letters.Length)];

        foreach (Regex pattern in Patterns)
        {
            var finer = new List<(int Start, int Length)>(parts.Count);

            foreach ((int start, int length) in parts)
            {
                Cut(pattern, letters.AsSpan(start, length), start, finer);
            }

            parts = finer;
        }

        return parts;
    }

    private static void Cut(Regex pattern, ReadOnlySpan<char> letters, int start, List<(int Start, int Length)> finer)
    {
        int done = 0;

        foreach (ValueMatch match in pattern.EnumerateMatches(letters))
        {
            if (match.Length == 0)
            {
                continue;
            }

            if (match.Index > done)
            {
                finer.Add((start + done, match.Index - done));
            }

            finer.Add((start + match.Index, match.Length));
            done = match.Index + match.Length;
        }

        if (done < letters.Length)
        {
            finer.Add((start + done, letters.Length - done));
        }
    }
}
