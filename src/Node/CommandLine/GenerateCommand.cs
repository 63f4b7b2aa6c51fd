using System.CommandLine;
using System.CommandLine.Parsing;
using Swarm.Node.Access;
using Swarm.Node.Serving;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm generate</c>: continue a prompt with a model of the swarm, or with a file.</summary>
internal static class GenerateCommand
{
    // Far above any context: a prompt file is read whole.
    private const int PromptBytesMax = 16 * 1024 * 1024;

    private static readonly string[] Examples =
    [
        "swarm generate --model fable \"Once upon a time\"",
        "swarm generate --model llama --join CODE -n 100 --temp 0.7 \"The sea\"",
        "swarm generate --model llama.gguf --local --seed 1 -f prompt.txt > story.txt",
    ];

    public static Command Create(Terminal terminal)
    {
        var prompt = new Argument<string?>("prompt")
        {
            Description = "The text to continue; without it, and without -f, it is read from standard input.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var model = new Option<string?>("--model", "-m")
        {
            Description = $"A model served in the swarm, a GGUF file, or '{ModelPath.BuiltIn}'.",
            HelpName = "NAME|FILE",
        };
        var file = new Option<string?>("--file", "-f")
        {
            Description = "Read the prompt from a file.",
            HelpName = "FILE",
        };
        var local = new Option<bool>("--local") { Description = "Compute in this process and use no network." };
        var kv = new Option<string>("--kv")
        {
            Description = "How keys and values are kept.",
            DefaultValueFactory = _ => "f16",
        };
        kv.AcceptOnlyFromAmong([.. CacheTypes.ByName.Keys]);
        var sampling = new SamplingFlags();
        var swarm = new SwarmFlags();
        Option<int> threads = CommonOptions.Threads();
        Option<bool> json = CommonOptions.Json();
        var verb = new Verb("generate", "Continues a prompt; the text goes to standard output, nothing else does.")
        {
            Examples = Examples,
        };
        verb.Arguments.Add(prompt);

        Option[] all = [model, file, .. sampling.All, kv, local, .. swarm.All, threads, json];

        foreach (Option option in all)
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (parsed, _) =>
        {
            SwarmChoice choice = swarm.Read(parsed);
            var options = new GenerateOptions
            {
                Model = parsed.GetValue(model) ?? choice.Keys.Code?.Model ?? throw CommandException.Usage(
                    "there is no model: name it with --model."),
                Prompt = ReadPrompt(Written(parsed, prompt), parsed.GetValue(file)),
                TokensMax = parsed.GetValue(sampling.TokensMax),
                Sampling = sampling.Read(parsed),
                Stop = [.. (parsed.GetValue(sampling.Stop) ?? []).Where(stop => stop.Length > 0)],
                Kv = CacheTypes.ByName[parsed.GetRequiredValue(kv)],
                Local = parsed.GetValue(local),
                Threads = parsed.GetValue(threads),
                Swarm = choice,
                Json = parsed.GetValue(json),
            };

            using var interrupts = new Interrupts();
            return await GenerateRun.RunAsync(options, terminal, interrupts.First);
        });

        return verb;
    }

    // A mistyped option would otherwise be taken for the prompt.
    private static string? Written(ParseResult parsed, Argument<string?> prompt)
    {
        string? text = parsed.GetValue(prompt);

        return text?.StartsWith("--", StringComparison.Ordinal) != true
            || parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash)
            ? text
            : throw CommandException.Usage($"'{text}' is no option here: write -- before a prompt that starts so.");
    }

    private static string ReadPrompt(string? argument, string? file)
    {
        if (argument is not null && file is not null)
        {
            throw CommandException.Usage("there are two prompts: give the text or -f FILE, not both.");
        }

        string prompt = argument ?? (file is null ? ReadInput() : ReadFile(file));

        return prompt.Length > 0
            ? prompt
            : throw CommandException.Usage("the prompt is empty: write the text to continue behind the options, or "
                + "use -f FILE.");
    }

    private static string ReadInput()
        => Console.IsInputRedirected
            ? WithoutLastNewline(Console.In.ReadToEnd())
            : throw CommandException.Usage("there is no prompt: write the text to continue behind the options, or use "
                + "-f FILE.");

    private static string ReadFile(string path)
    {
        if (Directory.Exists(path) || !File.Exists(path))
        {
            throw CommandException.Usage($"there is no prompt file '{path}': check the path behind -f.");
        }

        return new FileInfo(path).Length <= PromptBytesMax
            ? WithoutLastNewline(File.ReadAllText(path))
            : throw CommandException.Usage($"the prompt file '{path}' is larger "
                + $"than {ByteSize.Format(PromptBytesMax)}: shorten it.");
    }

    // An editor ends a file with a newline that nobody meant as part of the prompt.
    private static string WithoutLastNewline(string text)
        => text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
}
