using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Parsing;
using System.Globalization;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm quantize</c>: the same model with smaller weights.</summary>
internal static class QuantizeCommand
{
    private static readonly Dictionary<string, FileType> Types = Enum.GetValues<FileType>()
        .ToDictionary(type => type.ToString().ToLowerInvariant(), StringComparer.OrdinalIgnoreCase);

    public static Command Create(Terminal terminal)
    {
        var input = new Argument<string>("in") { Description = "The GGUF file to read, or the first part of a set." };
        var output = new Argument<string>("out") { Description = "The GGUF file to write." };
        Argument<FileType> type = TypeArgument();
        var pure = new Option<bool>("--pure")
        {
            Description = "Store every matrix in the one type, none in a better one.",
        };
        var again = new Option<bool>("--allow-requantize")
        {
            Description = "Round weights a second time that are quantized already: worse than from the original.",
        };
        Option<int> threads = CommonOptions.Threads();
        var verb = new Verb("quantize", "Writes a model again with its weights in other types.")
        {
            Examples =
            [
                "swarm quantize llama-f16.gguf llama-q4_k_m.gguf q4_k_m",
                "swarm quantize --allow-requantize llama-q8_0.gguf llama-q4_0.gguf q4_0",
            ],
        };

        foreach (Argument argument in (Argument[])[input, output, type])
        {
            verb.Arguments.Add(argument);
        }

        foreach (Option option in (Option[])[pure, again, threads])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(parsed =>
        {
            string source = ModelPath.FindFile(parsed.GetRequiredValue(input));
            string target = parsed.GetRequiredValue(output);
            var plan = WeightPlan.Mix(parsed.GetRequiredValue(type));
            ModelWriting.Check(target);

            if (Path.GetFullPath(source) == Path.GetFullPath(target))
            {
                throw CommandException.Usage($"'{target}' is the file to read: write another one.");
            }

            RequireComputed(source);
            using var file = GgufFile.Open(source);
            var quantizer = new ModelQuantizer(file, parsed.GetValue(pure) ? plan.Pure() : plan);

            if (quantizer.RoundedTwice is { } tensor && !parsed.GetValue(again))
            {
                throw CommandException.Usage($"'{source}' is quantized already ({tensor.Name} is {tensor.Type}): "
                    + "start from the F16, BF16 or F32 file, or add --allow-requantize and lose some more.");
            }

            using var pool = new ComputePool(parsed.GetValue(threads));
            _ = ModelWriting.Run(terminal, target, progress =>
            {
                quantizer.Write(target, pool, progress);
                return true;
            });
            TextWriter writer = terminal.Error.Profile.Out.Writer;
            writer.WriteLine($"{source}: {Size(quantizer.BytesBefore, quantizer.Elements)}");
            writer.WriteLine($"{target}: {Size(quantizer.BytesAfter, quantizer.Elements)}");
            return ExitCode.Ok;
        });

        return verb;
    }

    private static Argument<FileType> TypeArgument()
    {
        var type = new Argument<FileType>("type")
        {
            Description = "What the weights become; q4_k_m is the usual one.",
            CustomParser = ParseType,
        };
        type.CompletionSources.Clear();
        type.CompletionSources.Add(_ => Types.Keys.Select(name => new CompletionItem(name)));
        return type;
    }

    private static FileType ParseType(ArgumentResult result)
    {
        string name = result.Tokens[0].Value;

        if (!Types.TryGetValue(name, out FileType type))
        {
            result.AddError($"'{name}' is no type to quantize to: give one of {string.Join(", ", Types.Keys)}.");
        }

        return type;
    }

    // Which tensor bears which type follows from what it is for: of models that nobody here computes that is a guess.
    private static void RequireComputed(string path) => ModelFile.Open(path).Dispose();

    private static string Size(long bytes, long elements) => string.Create(
        CultureInfo.InvariantCulture, $"{ByteSize.Format(bytes)} of weights, {8.0 * bytes / elements:F2} bits each");
}
