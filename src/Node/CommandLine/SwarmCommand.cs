using System.CommandLine;
using System.CommandLine.Help;

namespace Swarm.Node.CommandLine;

/// <summary>The program's command line: parses, runs one verb, and turns every failure into one line.</summary>
internal static class SwarmCommand
{
    private static readonly string[] Examples =
    [
        "swarm demo",
        "swarm join --model fable --listen 0.0.0.0:4747",
        "swarm generate --model fable \"Once upon a time\"",
        "swarm status",
    ];

    /// <summary>Runs the command line; the result is the process's exit code.</summary>
    public static async Task<int> InvokeAsync(string[] arguments)
    {
        Terminal.UseUtf8();
        var terminal = new Terminal();
        ParseResult parsed = Create(terminal).Parse(arguments);

        if (parsed.Errors.Count > 0 && parsed.Action is not ExampleHelp)
        {
            return Refuse(terminal, parsed);
        }

        try
        {
            // The verbs listen for Ctrl-C themselves, and none of them ends without tidying up.
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };

            return await parsed.InvokeAsync(configuration);
        }
        catch (Exception exception)
        {
            (int code, string message) = Refusals.Explain(exception);
            WriteError(terminal, message);

            if (code == ExitCode.Failed && Environment.GetEnvironmentVariable("SWARM_TRACE") == "1")
            {
                terminal.Error.Profile.Out.Writer.WriteLine(exception);
            }

            return code;
        }
    }

    private static RootCommand Create(Terminal terminal)
    {
        var root = new RootCommand(
            "Runs a language model that no single device could hold, on the devices you already own.")
        {
            JoinCommand.Create(),
            GenerateCommand.Create(terminal),
            StatusCommand.Create(terminal),
            LeaveCommand.Create(terminal),
            InviteCommand.Create(terminal),
            KeyCommand.Create(),
            DoctorCommand.Create(terminal),
            InspectCommand.Create(terminal),
            DemoCommand.Create(terminal),
            MakeModelCommand.Create(terminal),
            QuantizeCommand.Create(terminal),
            PerplexityCommand.Create(terminal),
            BenchCommand.Create(terminal),
        };

        HelpOption help = root.Options.OfType<HelpOption>().Single();
        var plain = (HelpAction)help.Action!;

        if (Console.IsOutputRedirected)
        {
            plain.MaxWidth = Terminal.PlainColumns;
        }

        help.Action = new ExampleHelp(plain, Examples);
        return root;
    }

    private static int Refuse(Terminal terminal, ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string path = command is RootCommand ? "swarm"
            : command.Parents.FirstOrDefault() is Verb whole ? $"swarm {whole.Name} {command.Name}"
            : $"swarm {command.Name}";

        // Only one: the others are often its echoes, and what is not understood explains what seems to be missing.
        string problem = parsed.UnmatchedTokens.Count > 0
            ? $"'{parsed.UnmatchedTokens[0]}' is no command or option here."
            : OneLine(parsed.Errors[0].Message);
        WriteError(terminal, $"{problem} See '{path} --help'.");
        return ExitCode.Usage;
    }

    private static void WriteError(Terminal terminal, string message)
        => terminal.Error.Profile.Out.Writer.WriteLine($"swarm: {OneLine(message)}");

    private static string OneLine(string text)
        => string.Join(' ', text.Split(['\r', '\n'],
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
