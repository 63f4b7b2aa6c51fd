using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Swarm.Inference.Forward;
using Swarm.Inference.Generation;
using Swarm.Inference.Model;
using Swarm.Inference.Text;
using Swarm.Inference.Threading;
using Swarm.Node.Serving;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm perplexity</c>: how well a model predicts a text, which is what quantization costs.</summary>
internal static class PerplexityCommand
{
    private const int ContextDefault = 512;
    private const int TextBytesMax = 256 * 1024 * 1024;

    public static Command Create(Terminal terminal)
    {
        Option<string> model = CommonOptions.ModelFile();
        var file = new Option<string>("--file", "-f")
        {
            Description = "The text to predict.",
            HelpName = "FILE",
            Required = true,
        };
        Option<int> context = new Option<int>("--ctx", "-c")
        {
            Description = $"Tokens of a chunk; the second half of each counts. [default: {ContextDefault}, or what the "
                + "model takes]",
            HelpName = "N",
            CustomParser = CommonOptions.ParseNumber<int>,
        }.AtLeast(4);
        Option<int> chunks = new Option<int>("--chunks")
        {
            Description = "Stop after so many chunks. [default: all of the text]",
            HelpName = "N",
            CustomParser = CommonOptions.ParseNumber<int>,
        }.AtLeast(1);
        var kv = new Option<string>("--kv")
        {
            Description = "How keys and values are kept.",
            DefaultValueFactory = _ => "f16",
        };
        kv.AcceptOnlyFromAmong([.. CacheTypes.ByName.Keys]);
        Option<int> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.Json();
        var verb = new Verb("perplexity", "Measures how well a model predicts a text: lower is better.")
        {
            Examples =
            [
                "swarm perplexity -m llama-q4_k_m.gguf -f book.txt",
                "swarm perplexity -m fable -f story.txt --ctx 64 --json",
            ],
        };

        foreach (Option option in (Option[])[model, file, context, chunks, kv, threads, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(parsed =>
        {
            string path = ModelPath.FindFile(parsed.GetRequiredValue(model));
            string text = ReadText(parsed.GetRequiredValue(file));
            using var interrupts = new Interrupts();
            using var opened = ModelFile.Open(path);
            int length = Length(opened.Config, parsed.GetValue(context));
            int[][] parts = Split(Tokenizer.Create(opened), text, length);
            parts = parsed.GetValue(chunks) is > 0 and var most && most < parts.Length ? parts[..most] : parts;
            using var pool = new ComputePool(parsed.GetValue(threads));
            using var span = ModelSpan.Load(opened, opened.Config.AllBlocks, pool);
            KvCacheType cacheType = CacheTypes.ByName[parsed.GetRequiredValue(kv)].ToCacheType();
            var scorer = new TextScorer(span, cacheType);
            Perplexity perplexity = Measure(scorer, parts, terminal, interrupts.First);
            Console.Out.WriteLine(parsed.GetValue(json)
                ? Json(perplexity, parts.Length, length)
                : Text($"perplexity {perplexity.Value:F4} ± {perplexity.Error:F4}")
                    + Text($" ({perplexity.Tokens} tokens in {parts.Length} chunks of {length})"));
            return ExitCode.Ok;
        });

        return verb;
    }

    private static Perplexity Measure(TextScorer scorer, int[][] parts, Terminal terminal, CancellationToken stop)
    {
        var perplexity = default(Perplexity);

        for (int part = 0; part < parts.Length; part++)
        {
            stop.ThrowIfCancellationRequested();

            // What stands in the first half is predicted from little: it would measure the chunk's length.
            foreach (double logProbability in scorer.LogProbabilities(parts[part], parts[part].Length / 2))
            {
                perplexity = perplexity.With(logProbability);
            }

            terminal.Error.Profile.Out.Writer.WriteLine(
                Text($"chunk {part + 1} of {parts.Length}: perplexity {perplexity.Value:F4}"));
        }

        return perplexity;
    }

    private static int Length(ModelConfig config, int wanted)
    {
        int length = wanted > 0 ? wanted : Math.Min(ContextDefault, config.ContextLength);

        return length <= config.ContextLength
            ? length
            : throw CommandException.Usage($"{config.Name} takes {config.ContextLength} tokens, not {length}: "
                + "give a smaller --ctx.");
    }

    /// <summary>Whole chunks; each starts as a text of its own would.</summary>
    private static int[][] Split(ITokenizer tokenizer, string text, int length)
    {
        int[] ids = tokenizer.Encode(text, addSpecial: true, parseSpecial: false);

        if (ids.Length < length)
        {
            throw CommandException.Usage($"the text has {ids.Length} tokens, a chunk takes {length}: give a longer "
                + "text, or a smaller --ctx.");
        }

        int[][] parts = [.. Enumerable.Range(0, ids.Length / length).Select(part => ids[(part * length)..][..length])];

        foreach (int[] part in parts)
        {
            part[0] = tokenizer is { AddBos: true, Bos: { } bos } ? bos : part[0];
        }

        return parts;
    }

    private static string ReadText(string path)
    {
        if (Directory.Exists(path) || !File.Exists(path))
        {
            throw CommandException.Usage($"there is no text file '{path}': check the path behind -f.");
        }

        return new FileInfo(path).Length <= TextBytesMax
            ? File.ReadAllText(path)
            : throw CommandException.Usage(
                $"the text file '{path}' is larger than {ByteSize.Format(TextBytesMax)}: give a part of it.");
    }

    private static string Json(Perplexity perplexity, int chunks, int length) => JsonSerializer.Serialize(new
    {
        perplexity = perplexity.Value,
        error = perplexity.Error,
        tokens = perplexity.Tokens,
        chunks,
        context = length,
    });

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
