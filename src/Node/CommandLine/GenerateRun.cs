using Swarm.Inference.Model;
using Swarm.Inference.Text;
using Swarm.Protocol.Transport;

namespace Swarm.Node.CommandLine;

/// <summary>One run of <c>swarm generate</c>: in a swarm if there is a way into one, else in this process.</summary>
internal static class GenerateRun
{
    public static async Task<int> RunAsync(GenerateOptions options, Terminal terminal, CancellationToken cancel)
    {
        string? path = ModelPath.Find(options.Model);
        IReadOnlyList<PeerAddress> doors = options.Local ? [] : options.Swarm.Doors;
        await using Stream output = Terminal.OpenText();
        ClosingLine line;

        if (doors.Count > 0)
        {
            SwarmMember member = await Doors.EnterAsync(options.Swarm, cancel);
            line = await SwarmGeneration.RunAsync(options, path, member, output, TimeProvider.System, cancel);
        }
        else if (path is not null)
        {
            line = LocalGeneration.Run(options, path, output, TimeProvider.System, cancel);
        }
        else if (!options.Local && await Doors.TryEnterUntoldAsync(options.Swarm, cancel) is { } found)
        {
            line = await SwarmGeneration.RunAsync(options, path: null, found, output, TimeProvider.System, cancel);
        }
        else
        {
            throw CommandException.Usage(options.Local
                ? $"there is no file '{options.Model}': --local needs a GGUF file, or '{ModelPath.BuiltIn}'."
                : $"there is no file '{options.Model}', and no node that could know the name runs here: give a file, "
                    + $"or {await Doors.AdviseAsync(options.Swarm, cancel)}");
        }

        if (!options.Json)
        {
            // The text ends as the model ends it; on a screen the figures still get a line of their own.
            string gap = Console.IsOutputRedirected ? "" : Environment.NewLine + Environment.NewLine;
            terminal.Error.Profile.Out.Writer.WriteLine(gap + line);
        }

        return line.Finish == ClosingLine.Interrupted ? ExitCode.Interrupted : ExitCode.Ok;
    }

    /// <summary>The prompt's ids, and how many may follow them.</summary>
    /// <exception cref="CommandException">There is nothing to continue, or no room to.</exception>
    public static (int[] Prompt, int TokensMax) Encode(
        GenerateOptions options, ITokenizer tokenizer, ModelConfig config)
    {
        int[] prompt = tokenizer.Encode(options.Prompt, addSpecial: true, parseSpecial: false);

        if (tokenizer.Note is { } note)
        {
            Console.Error.WriteLine($"swarm: {note}");
        }

        if (prompt.Length == 0)
        {
            throw CommandException.Usage("the prompt is empty: this model makes no token of it.");
        }

        return prompt.Length < config.ContextLength
            ? (prompt, Math.Min(options.TokensMax, config.ContextLength - prompt.Length))
            : throw CommandException.Usage(
                $"the prompt has {prompt.Length} tokens, {config.Name} takes {config.ContextLength} with its answer: "
                    + "shorten the prompt.");
    }
}
